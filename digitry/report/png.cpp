#include "digitry/report/png.h"

#include <png.h>

#include "digitry/base/error.h"

namespace digitry {

std::string encode_png(std::span<const std::uint8_t> pixels, std::int64_t width,
                       std::int64_t height) {
  constexpr std::int64_t kMaxSide = 65'535;
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide ||
      static_cast<std::int64_t>(pixels.size()) != width * height) {
    throw Error(ErrorCode::kInvalidArgument, "encode_png: got {} pixels for {} × {}", pixels.size(),
                width, height);
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_GRAY;
  std::string bytes;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  bytes.resize(size);
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    throw Error(ErrorCode::kInvalidArgument, "encode_png: {}", image.message);
  }
  bytes.resize(size);
  return bytes;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      word = word << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += at + i > bytes.size() ? '=' : kAlphabet[word >> (18 - 6 * i) & 63];
    }
  }
  return text;
}

}  // namespace digitry
