#include "digitry/vision/decode.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/image/decoder.h"
#include "digitry/image/png.h"
#include "digitry/image/unread_format.h"

namespace digitry::codecs {
namespace {

constexpr std::uint32_t kOrientationTag = 0x0112;
constexpr std::uint32_t kShortType = 3;
constexpr std::size_t kEntryBytes = 12;

// Numbers in a TIFF structure; 0 past its end.
class TiffNumbers {
 public:
  explicit TiffNumbers(std::string_view bytes)
      : bytes_(bytes), little_endian_(bytes.starts_with("II")) {}

  std::uint32_t number(std::size_t at, std::size_t length) const {
    if (at > bytes_.size() || bytes_.size() - at < length) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t place = little_endian_ ? at + length - 1 - i : at + i;
      value = value << 8 | static_cast<unsigned char>(bytes_[place]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool little_endian_;
};

std::uint32_t png_number(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// The content of the eXIf chunk, wherever it is; empty if there is none.
std::string_view png_exif(std::string_view bytes) {
  std::size_t at = 8;  // after the signature
  while (bytes.size() - at >= 12) {
    const std::size_t length = png_number(bytes, at);
    if (length > bytes.size() - at - 12) break;
    if (bytes.substr(at + 4, 4) == "eXIf") return bytes.substr(at + 8, length);
    at += length + 12;
  }
  return {};
}

}  // namespace

Error damaged(const Source& source, std::string_view finding) {
  return {ErrorCode::kBadData, "{}: expected a sound {} image, found: {}", source.name,
          source.format, finding};
}

void check_extent(const Source& source, std::int64_t height, std::int64_t width) {
  if (height < 1 || width < 1) throw damaged(source, "a side of 0 pixels");
  if (height > source.max_pixels / width)
    throw Error(ErrorCode::kBadData,
                "{}: expected an image of at most {} pixels, found {}x{}; make it smaller first",
                source.name, source.max_pixels, width, height);
}

int exif_orientation(std::string_view block) {
  const TiffNumbers tiff(block);
  const std::size_t directory = tiff.number(4, 4);
  const std::uint32_t entries = tiff.number(directory, 2);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::size_t at = directory + 2 + i * kEntryBytes;
    if (at + kEntryBytes > block.size()) break;
    if (tiff.number(at, 2) != kOrientationTag || tiff.number(at + 2, 2) != kShortType) continue;
    const auto value = static_cast<int>(tiff.number(at + 8, 2));
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

Image decode_png(const Source& source) {
  Image image = digitry::decode_png(
      source.bytes, source.name, {.max_side = source.max_pixels, .max_pixels = source.max_pixels});
  return upright(std::move(image), exif_orientation(png_exif(source.bytes)));
}

}  // namespace digitry::codecs

namespace digitry {
namespace {

struct KnownFormat {
  std::optional<PictureFormat> format;  // Empty if there is no decoder for it.
  std::string_view name;
  std::string_view advice = "convert it";
};

std::string_view name_of(PictureFormat format) {
  switch (format) {
    case PictureFormat::kPng:
      return "PNG";
    case PictureFormat::kJpeg:
      return "JPEG";
    case PictureFormat::kBmp:
      return "BMP";
    case PictureFormat::kWebp:
      return "WebP";
    case PictureFormat::kTiff:
      return "TIFF";
  }
  return "";
}

// "a PNG, JPEG or WebP picture".
std::string one_of(std::span<const PictureFormat> formats) {
  std::string text;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if (i > 0) text += i + 1 == formats.size() ? " or " : ", ";
    text += name_of(formats[i]);
  }
  return "a " + text + " picture";
}

// Two letters are a weak signature, so the length of the second header is checked too.
bool looks_like_bmp(std::string_view start) {
  static constexpr std::array<unsigned char, 6> kHeaderLengths = {12, 40, 52, 56, 108, 124};
  if (start.size() < 18 || !start.starts_with("BM")) return false;
  for (const unsigned char length : kHeaderLengths)
    if (start[14] == static_cast<char>(length) &&
        start.substr(15, 3) == std::string_view("\0\0\0", 3))
      return true;
  return false;
}

std::optional<KnownFormat> recognise(std::string_view start) {
  const auto decodable = [](PictureFormat format) { return KnownFormat{format, name_of(format)}; };
  const auto begins = [&](std::string_view magic) { return start.starts_with(magic); };
  if (begins("\x89PNG\r\n\x1a\n")) return decodable(PictureFormat::kPng);
  if (begins("\xff\xd8\xff")) return decodable(PictureFormat::kJpeg);
  if (begins("RIFF") && start.size() >= 12 && start.substr(8, 4) == "WEBP")
    return decodable(PictureFormat::kWebp);
  if (begins(std::string_view("II*\0", 4)) || begins(std::string_view("MM\0*", 4)))
    return decodable(PictureFormat::kTiff);
  if (looks_like_bmp(start)) return decodable(PictureFormat::kBmp);
  if (const auto unread = find_unread_format(start); unread && unread->is_picture)
    return KnownFormat{std::nullopt, unread->name, unread->advice};
  return std::nullopt;
}

Image decode_as(PictureFormat format, const codecs::Source& source) {
  switch (format) {
    case PictureFormat::kPng:
      return codecs::decode_png(source);
    case PictureFormat::kJpeg:
      return codecs::decode_jpeg(source);
    case PictureFormat::kBmp:
      return codecs::decode_bmp(source);
    case PictureFormat::kWebp:
      return codecs::decode_webp(source);
    case PictureFormat::kTiff:
      return codecs::decode_tiff(source);
  }
  throw Error(ErrorCode::kInvalidArgument, "{}: unknown format", source.name);
}

}  // namespace

bool looks_like_picture(std::string_view start) { return recognise(start).has_value(); }

std::optional<PictureFormat> picture_format(std::string_view start) {
  const auto known = recognise(start);
  return known ? known->format : std::nullopt;
}

int count_pages(std::string_view bytes) {
  return picture_format(bytes) == PictureFormat::kTiff ? codecs::count_tiff_pages(bytes) : 1;
}

void use_picture_decoder() {
  set_image_decoder(
      [](std::string_view bytes, const std::string& name) { return decode_picture(bytes, name); });
}

Image load_picture(const std::filesystem::path& path) {
  return decode_picture(read_file(path, kMaxPictureBytes), path.string());
}

Image decode_picture(std::string_view bytes, const std::string& name, std::int64_t max_pixels,
                     std::span<const PictureFormat> formats, int page) {
  const auto known = recognise(bytes);
  if (!known)
    throw Error(ErrorCode::kBadData, "{}: expected {}, found {}", name, one_of(formats),
                bytes.empty() ? "an empty file" : "other bytes at its start");
  if (!known->format || std::ranges::find(formats, *known->format) == formats.end())
    throw Error(ErrorCode::kBadData, "{}: expected {}, found {}; {} first", name, one_of(formats),
                known->name, known->advice);
  return decode_as(*known->format, {.bytes = bytes,
                                    .name = name,
                                    .format = known->name,
                                    .max_pixels = max_pixels,
                                    .page = page});
}

}  // namespace digitry
