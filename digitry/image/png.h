#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "digitry/image/image.h"

namespace digitry {

/// Whether `start` begins with the signature of a PNG file.
bool looks_like_png(std::string_view start);

/// Limits on the decoded size of a PNG file, checked before memory is allocated.
struct PngLimits {
  std::int64_t max_side = kMaxImageSide;
  std::int64_t max_pixels = kMaxImageSide * kMaxImageSide;
};

/// Decodes a PNG file of any kind and keeps its channels: grey, RGB or RGBA. 16 bits are rounded to
/// 8. Throws Error{kBadData}, whose message begins with `name`, if `bytes` are not a PNG file,
/// exceed the limits or are damaged.
Image decode_png(std::string_view bytes, const std::string& name, const PngLimits& limits = {});

/// Decodes a PNG file to one grey channel as `to_grey` does. Throws as `decode_png` does, with the
/// default limits.
Image decode_grey_png(std::string_view bytes, const std::string& name);

/// Encodes an image of 1, 3 or 4 channels; the inverse of `decode_png`. This and the other encoders
/// throw Error{kInvalidArgument} if the number of bytes does not fit the sides and channels, or a
/// side is 0 or above 65,535.
std::string encode_png(const Image& image);

/// Encodes black ink on a transparent background: the one channel of `ink` is the opacity of each
/// pixel. The file has one byte per pixel before compression.
std::string encode_ink_png(const Image& ink);

/// Encodes an image with a palette: `palette` has 256 colours (red, green, blue, opacity), and the
/// one channel of `indices` selects among them.
std::string encode_palette_png(const Image& indices, std::span<const std::uint8_t, 1024> palette);

}  // namespace digitry
