#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "digitry/image/image.h"

namespace digitry {

/// Whether bytes that start so are a PNG file.
bool looks_like_png(std::string_view start);

/// How large a PNG file may be once decoded; checked before memory is allocated.
struct PngLimits {
  std::int64_t max_side = kMaxImageSide;
  std::int64_t max_pixels = kMaxImageSide * kMaxImageSide;
};

/// Decodes a PNG file of any kind to the channels that it has: grey, RGB or RGBA. 16 bits become 8.
/// Throws Error{kBadData} that begins with `name`: not a PNG, larger than the limits, damaged.
Image decode_png(std::string_view bytes, const std::string& name, const PngLimits& limits = {});

/// Decodes a PNG file to one grey channel: colour becomes luminance, transparent pixels are laid on
/// black. Throws what `decode_png` throws.
Image decode_grey_png(std::string_view bytes, const std::string& name);

/// Encodes an image of 1, 3 or 4 channels; the inverse of `decode_png`. Like all encoders here,
/// throws Error{kInvalidArgument} if the number of pixels does not fit the sides, or a side is 0 or
/// above 65,535.
std::string encode_png(const Image& image);

/// A PNG of black ink on nothing, so that it can lie on any background: the one channel of `ink` is
/// the opacity of each pixel. One byte per pixel before compression.
std::string encode_ink_png(const Image& ink);

/// A PNG of the colours `palette` (256 of red, green, blue, opacity), into which the one channel of
/// `indices` points.
std::string encode_palette_png(const Image& indices, std::span<const std::uint8_t, 1024> palette);

}  // namespace digitry
