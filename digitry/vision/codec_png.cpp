#include <utility>

#include "digitry/image/png.h"
#include "digitry/vision/decode.h"

namespace digitry {
namespace {

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

Image codecs::decode_png(const Source& source) {
  Image image = digitry::decode_png(
      source.bytes, source.name, {.max_side = source.max_pixels, .max_pixels = source.max_pixels});
  return upright(std::move(image), exif_orientation(png_exif(source.bytes)));
}

}  // namespace digitry
