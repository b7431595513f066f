#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/data/image_size.h"

namespace digitry {

/// A grey image of one byte a pixel, row by row.
struct GreyImage {
  ImageSize size;
  std::vector<std::uint8_t> pixels;
};

/// Whether bytes that start so are a PNG file.
bool looks_like_png(std::string_view start);

/// Decodes a PNG file of any kind: colour becomes luminance, 16 bits become 8, transparent pixels
/// are laid on black. Sides are at most `kMaxImageSide` (`image_limits.h`), checked before
/// allocating. Throws Error{kBadData} naming `name`, the rule and what was found.
GreyImage decode_png(std::string_view bytes, const std::string& name);

/// Encodes a grey image; the inverse of `decode_png`.
std::string encode_png(const GreyImage& image);

}  // namespace digitry
