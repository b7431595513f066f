#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace digitry {

/// Height and width of an image in pixels.
struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const ImageSize&) const = default;
};

/// The most pixels per side and the most channels of an image in a data set, in every format.
inline constexpr std::int64_t kMaxImageSide = 4096;
inline constexpr std::int64_t kMaxImageChannels = 16;

/// Reads "28" or "32x20", width x height, as `to_string` writes it. Throws Error{kInvalidArgument},
/// whose message begins with `name`, for anything else and for sides above `kMaxImageSide`.
ImageSize parse_image_size(std::string_view text, const std::string& name);
std::string to_string(ImageSize size);

/// The longest PNG file that is read.
inline constexpr std::uint64_t kMaxPngBytes = std::uint64_t{64} << 20;

/// Checks a number of images before memory is allocated for them. Throws Error{kBadData}, whose
/// message begins with `name`, if there are more than 2^31 - 1 (indices are int32) or if they need
/// more than `kMaxInputBytes`.
void check_image_total(const std::string& name, std::int64_t num_images,
                       std::int64_t bytes_per_image);

/// An image as a file or a camera provides it: bytes, row by row from the top, with the channels of
/// a pixel side by side.
struct Image {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 1;  ///< 1: grey or ink; 3: RGB; 4: RGB and opacity (0: transparent).
  std::vector<std::uint8_t> pixels;  ///< height · width · channels.
};

/// The most pixels of a photograph or scan that is decoded (8192 × 8192).
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{1} << 26;

/// Throws Error{kInvalidArgument} if the number of bytes does not fit the sides and channels, a
/// side is 0, the channels are not 1, 3 or 4, or there are more than `kMaxImagePixels` pixels.
void check_image(const Image& image);

/// Turns an image stored with an EXIF orientation upright: 1 leaves it as it is, 2 to 4 mirror it
/// or rotate it by 180°, 5 to 8 do the same with rows and columns exchanged. Other values count
/// as 1.
/// Source: EXIF 2.32, tag 0x0112.
Image upright(Image stored, int orientation);

/// Converts to one grey byte per pixel: luminance (ITU-R BT.601). Transparent parts become paper:
/// white if the opaque parts are dark on average, else black; if most of the picture is opaque and
/// of different colours, the median of that. Throws Error{kInvalidArgument} as `check_image` does.
Image to_grey(const Image& image);

/// Converts to RGB: grey is repeated, and transparent parts become paper as in `to_grey`. Throws
/// Error{kInvalidArgument} as `check_image` does.
Image to_colour(const Image& image);

}  // namespace digitry
