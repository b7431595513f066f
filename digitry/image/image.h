#pragma once

#include <cstdint>
#include <vector>

namespace digitry {

/// Pixels as a file, a canvas or a camera gives them: bytes, row by row from the top, the channels
/// of a pixel side by side.
struct Image {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 1;  ///< 1: grey or ink, 3: RGB, 4: RGB and opacity (0: transparent).
  std::vector<std::uint8_t> pixels;  ///< height · width · channels.
};

/// Photographs and scans of more pixels are not decoded (8192 × 8192).
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{1} << 26;

/// Throws Error{kInvalidArgument} where the counts do not fit each other, a side is 0 or there are
/// more than `kMaxImagePixels`.
void check_image(const Image& image);

/// The image as it is to be looked at, of one stored under an EXIF orientation: 1 as it is, 2 to
/// 4 mirrored or turned by 180°, 5 to 8 the same with rows and columns exchanged. Others count
/// as 1. Source: EXIF 2.32, tag 0x0112.
Image upright(Image stored, int orientation);

/// One grey byte a pixel: luminance (ITU-R BT.601). What is transparent is filled with white where
/// the ink is dark, with black where it is light.
Image to_grey(const Image& image);

}  // namespace digitry
