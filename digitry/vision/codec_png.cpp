#include <png.h>

#include "digitry/base/error.h"
#include "digitry/vision/codecs.h"
#include "digitry/vision/decode.h"

namespace digitry {
namespace {

// libpng's simplified interface, which keeps its own longjmp to itself.
class PngFile {
 public:
  PngFile() { image_.version = PNG_IMAGE_VERSION; }
  ~PngFile() { png_image_free(&image_); }
  PngFile(const PngFile&) = delete;
  PngFile& operator=(const PngFile&) = delete;
  png_image* operator->() { return &image_; }
  png_image* get() { return &image_; }

 private:
  png_image image_{};
};

std::uint32_t png_number(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// The content of a file's eXIf chunk, wherever it is; empty without one.
std::string_view png_exif(std::string_view bytes) {
  std::size_t at = 8;  // behind the signature
  while (bytes.size() - at >= 12) {
    const std::size_t length = png_number(bytes, at);
    if (length > bytes.size() - at - 12) break;
    if (bytes.substr(at + 4, 4) == "eXIf") return bytes.substr(at + 8, length);
    at += length + 12;
  }
  return {};
}

}  // namespace

Picture codecs::decode_png(const Source& source) {
  PngFile png;
  if (!png_image_begin_read_from_memory(png.get(), source.bytes.data(), source.bytes.size()))
    throw damaged(source, png->message);
  check_extent(source, png->height, png->width);
  const bool alpha = (png->format & PNG_FORMAT_FLAG_ALPHA) != 0;
  const bool color = (png->format & PNG_FORMAT_FLAG_COLOR) != 0;
  png->format = alpha ? PNG_FORMAT_RGBA : color ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  Picture picture{png->height, png->width, alpha ? 4 : color ? 3 : 1, {}};
  picture.pixels.resize(PNG_IMAGE_SIZE(*png.get()));
  if (!png_image_finish_read(png.get(), nullptr, picture.pixels.data(), 0, nullptr))
    throw damaged(source, png->message);
  return upright(std::move(picture), exif_orientation(png_exif(source.bytes)));
}

std::string encode_picture(const Picture& picture) {
  check_picture(picture);
  PngFile png;
  png->width = static_cast<png_uint_32>(picture.width);
  png->height = static_cast<png_uint_32>(picture.height);
  png->format = picture.channels == 1   ? PNG_FORMAT_GRAY
                : picture.channels == 3 ? PNG_FORMAT_RGB
                                        : PNG_FORMAT_RGBA;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(*png.get()), '\0');
  png_alloc_size_t length = bytes.size();
  if (!png_image_write_to_memory(png.get(), bytes.data(), &length, 0, picture.pixels.data(), 0,
                                 nullptr))
    throw Error(ErrorCode::kInvalidArgument, "encode_picture: {}", png->message);
  bytes.resize(length);
  return bytes;
}

}  // namespace digitry
