// jpeglib.h needs cstdio before it, and jerror.h needs jpeglib.h.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <array>
#include <csetjmp>
#include <cstddef>

#include "digitry/vision/decode.h"

namespace digitry {
namespace {

// No encoder makes more. Each scan costs a pass over all coefficients.
constexpr int kMaxScans = 100;

// Replaces the handlers of libjpeg, which print and exit.
struct JpegErrors {
  jpeg_error_mgr manager{};  // Must be first: libjpeg has a pointer to it.
  std::jmp_buf jump{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  bool damaged = false;
};

JpegErrors& errors_of(j_common_ptr info) { return *reinterpret_cast<JpegErrors*>(info->err); }

[[noreturn]] void jump_out(j_common_ptr info) {
  info->err->format_message(info, errors_of(info).message.data());
  std::longjmp(errors_of(info).jump, 1);
}

// Keeps the first warning that means lost pixels; others (extra bytes, an odd version) are
// harmless.
void keep_warning(j_common_ptr info, int level) {
  JpegErrors& errors = errors_of(info);
  if (level >= 0 || errors.damaged) return;
  const int code = info->err->msg_code;
  errors.damaged = code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
                   code == JWRN_MUST_RESYNC || code == JWRN_ARITH_BAD_CODE;
  if (errors.damaged) info->err->format_message(info, errors.message.data());
}

void drop_message(j_common_ptr) {}

void limit_scans(j_common_ptr info) {
  auto* decompress = reinterpret_cast<j_decompress_ptr>(info);
  if (decompress->input_scan_number <= kMaxScans) return;
  std::snprintf(errors_of(info).message.data(), JMSG_LENGTH_MAX, "more than %d scans", kMaxScans);
  std::longjmp(errors_of(info).jump, 1);
}

// libjpeg reports failures by longjmp: the functions that call setjmp have no local objects with
// destructors.
class JpegFile {
 public:
  explicit JpegFile(std::string_view bytes) : bytes_(bytes) {
    info_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = jump_out;
    errors_.manager.emit_message = keep_warning;
    errors_.manager.output_message = drop_message;
    progress_.progress_monitor = limit_scans;
  }
  ~JpegFile() { jpeg_destroy_decompress(&info_); }
  JpegFile(const JpegFile&) = delete;
  JpegFile& operator=(const JpegFile&) = delete;

  // Both return false on failure; `message` describes it.
  bool read_header();
  bool decode(std::uint8_t* to);

  std::int64_t height() const { return info_.image_height; }
  std::int64_t width() const { return info_.image_width; }
  // Of the output of `decode`; 4 is CMYK.
  std::int64_t channels() const {
    if (info_.jpeg_color_space == JCS_GRAYSCALE) return 1;
    return is_cmyk() ? 4 : 3;
  }
  bool is_cmyk() const {
    return info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
  }
  // Adobe's programs write the complement of CMYK.
  bool is_inverted_cmyk() const { return info_.saw_Adobe_marker != 0; }
  const char* message() const { return errors_.message.data(); }
  std::string_view exif() const;

 private:
  std::string_view bytes_;
  JpegErrors errors_;
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct info_{};
};

bool JpegFile::read_header() {
  if (setjmp(errors_.jump) != 0) return false;
  jpeg_create_decompress(&info_);
  info_.progress = &progress_;
  jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
  jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&info_, TRUE);
  return true;
}

bool JpegFile::decode(std::uint8_t* to) {
  if (setjmp(errors_.jump) != 0) return false;
  info_.out_color_space = channels() == 1 ? JCS_GRAYSCALE : is_cmyk() ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&info_);
  const std::size_t stride =
      std::size_t{info_.output_width} * static_cast<std::size_t>(info_.output_components);
  while (info_.output_scanline < info_.output_height && !errors_.damaged) {
    JSAMPROW row = to + info_.output_scanline * stride;
    jpeg_read_scanlines(&info_, &row, 1);
  }
  if (errors_.damaged) return false;
  jpeg_finish_decompress(&info_);
  return !errors_.damaged;
}

std::string_view JpegFile::exif() const {
  static constexpr std::string_view kExif("Exif\0\0", 6);
  for (const auto* marker = info_.marker_list; marker != nullptr; marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (data.starts_with(kExif)) return data.substr(kExif.size());
  }
  return {};
}

// In place.
void cmyk_to_rgb(Image& picture, bool inverted) {
  std::uint8_t* to = picture.pixels.data();
  for (std::size_t i = 0; i < picture.pixels.size(); i += 4) {
    const std::uint8_t* inks = picture.pixels.data() + i;
    const auto light = [&](int ink) {
      const int value = inks[ink];
      return inverted ? value : 255 - value;
    };
    const int black = light(3);
    for (int c = 0; c < 3; ++c) *to++ = static_cast<std::uint8_t>(light(c) * black / 255);
  }
  picture.pixels.resize(picture.pixels.size() / 4 * 3);
  picture.channels = 3;
}

}  // namespace

Image codecs::decode_jpeg(const Source& source) {
  JpegFile jpeg(source.bytes);
  if (!jpeg.read_header()) throw damaged(source, jpeg.message());
  check_extent(source, jpeg.height(), jpeg.width());
  const int orientation = exif_orientation(jpeg.exif());  // Not available after decoding.
  Image picture{jpeg.height(), jpeg.width(), jpeg.channels(), {}};
  picture.pixels.resize(
      static_cast<std::size_t>(picture.height * picture.width * picture.channels));
  if (!jpeg.decode(picture.pixels.data())) throw damaged(source, jpeg.message());
  if (picture.channels == 4) cmyk_to_rgb(picture, jpeg.is_inverted_cmyk());
  return upright(std::move(picture), orientation);
}

}  // namespace digitry
