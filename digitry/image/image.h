#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace digitry {

/// Height and width of an image in pixels.
struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const ImageSize&) const = default;
};

/// Images of more pixels a side are refused, in every format: a digit needs no more.
inline constexpr std::int64_t kMaxImageSide = 4096;
inline constexpr std::int64_t kMaxImageChannels = 16;

/// Longer PNG files are refused.
inline constexpr std::uint64_t kMaxPngBytes = std::uint64_t{64} << 20;

/// Refuses more images than int32 indices count (2^31 - 1) or than `kMaxInputBytes` hold, before
/// memory is taken for them: Error{kBadData} that begins with `name`.
void check_image_total(const std::string& name, std::int64_t num_images,
                       std::int64_t bytes_per_image);

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
