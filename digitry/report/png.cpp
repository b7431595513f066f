#include "digitry/report/png.h"

#include <png.h>

#include <array>

#include "digitry/base/error.h"

namespace digitry {

namespace {

constexpr std::int64_t kMaxPngSide = 65'535;

/// `format` is libpng's; `pixels` are one byte a pixel where it has a palette.
std::string encode(const char* where, std::uint32_t format, std::span<const std::uint8_t> pixels,
                   std::int64_t bytes_a_pixel, std::int64_t width, std::int64_t height,
                   const std::uint8_t* palette) {
  if (width < 1 || height < 1 || width > kMaxPngSide || height > kMaxPngSide ||
      static_cast<std::int64_t>(pixels.size()) != width * height * bytes_a_pixel) {
    throw Error(ErrorCode::kInvalidArgument, "{}: got {} bytes for {} × {} pixels", where,
                pixels.size(), width, height);
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = format;
  image.colormap_entries = palette == nullptr ? 0 : 256;
  std::string bytes;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  bytes.resize(size);
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, palette) == 0)
    throw Error(ErrorCode::kInvalidArgument, "{}: {}", where, image.message);
  bytes.resize(size);
  return bytes;
}

}  // namespace

std::string encode_ink_png(std::span<const std::uint8_t> ink, std::int64_t width,
                           std::int64_t height) {
  // A palette whose entry i is black of opacity i.
  std::array<std::uint8_t, 512> palette{};
  for (std::size_t i = 0; i < 256; ++i) palette[2 * i + 1] = static_cast<std::uint8_t>(i);
  return encode("encode_ink_png", PNG_FORMAT_GA | PNG_FORMAT_FLAG_COLORMAP, ink, 1, width, height,
                palette.data());
}

std::string encode_palette_png(std::span<const std::uint8_t> indices, std::int64_t width,
                               std::int64_t height, std::span<const std::uint8_t, 1024> palette) {
  return encode("encode_palette_png", PNG_FORMAT_RGBA | PNG_FORMAT_FLAG_COLORMAP, indices, 1, width,
                height, palette.data());
}

std::string encode_rgb_png(std::span<const std::uint8_t> rgb, std::int64_t width,
                           std::int64_t height) {
  return encode("encode_rgb_png", PNG_FORMAT_RGB, rgb, 3, width, height, nullptr);
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
