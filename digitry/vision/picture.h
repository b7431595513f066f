#pragma once

#include <cstdint>
#include <vector>

namespace digitry {

/// Pixels as a file, a canvas or a camera gives them: bytes, row by row from the top.
struct Picture {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 3;         ///< 1: grey, 3: RGB, 4: RGB and opacity (0 is transparent).
  std::vector<std::uint8_t> pixels;  ///< height · width · channels.
};

/// No picture of more pixels is decoded or read (8192 × 8192).
inline constexpr std::int64_t kMaxPicturePixels = std::int64_t{1} << 26;

/// Throws Error{kInvalidArgument} where the counts do not fit each other, a side is 0 or there are
/// more than `kMaxPicturePixels`.
void check_picture(const Picture& picture);

/// The picture as it is to be looked at, of one stored under an EXIF orientation: 1 as it is, 2 to
/// 4 mirrored or turned by 180°, 5 to 8 the same with rows and columns exchanged. Others count
/// as 1. Source: EXIF 2.32, tag 0x0112.
Picture upright(Picture stored, int orientation);

/// One grey byte a pixel: luminance (ITU-R BT.601). What is transparent is filled with white where
/// the ink is dark, with black where it is light.
Picture to_grey(const Picture& picture);

}  // namespace digitry
