#include "digitry/report/png.h"

#include <png.h>

#include <array>

#include "digitry/base/error.h"

namespace digitry {

std::string encode_ink_png(std::span<const std::uint8_t> ink, std::int64_t width,
                           std::int64_t height) {
  constexpr std::int64_t kMaxSide = 65'535;
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide ||
      static_cast<std::int64_t>(ink.size()) != width * height) {
    throw Error(ErrorCode::kInvalidArgument, "encode_ink_png: got {} pixels for {} × {}",
                ink.size(), width, height);
  }
  // A palette whose entry i is black of opacity i.
  std::array<std::uint8_t, 512> palette{};
  for (std::size_t i = 0; i < 256; ++i) palette[2 * i + 1] = static_cast<std::uint8_t>(i);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_GA | PNG_FORMAT_FLAG_COLORMAP;
  image.colormap_entries = 256;
  std::string bytes;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  bytes.resize(size);
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, ink.data(), 0, palette.data()) ==
      0) {
    throw Error(ErrorCode::kInvalidArgument, "encode_ink_png: {}", image.message);
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
