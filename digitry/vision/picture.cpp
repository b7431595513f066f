#include "digitry/vision/picture.h"

#include <cstring>
#include <utility>

#include "digitry/base/error.h"

namespace digitry {
namespace {

// ITU-R BT.601, in parts of 2^16.
std::uint32_t luminance(const std::uint8_t* rgb) {
  return (19595U * rgb[0] + 38470U * rgb[1] + 7471U * rgb[2] + 32768U) >> 16;
}

// What lies behind the transparent parts: the opposite of the ink.
std::uint32_t paper_behind(const Picture& picture) {
  std::uint64_t sum = 0;
  std::uint64_t opacity = 0;
  for (std::size_t i = 0; i < picture.pixels.size(); i += 4) {
    const std::uint64_t alpha = picture.pixels[i + 3];
    sum += alpha * luminance(picture.pixels.data() + i);
    opacity += alpha;
  }
  return sum < 128 * opacity ? 255 : 0;
}

bool has_transparency(const Picture& picture) {
  for (std::size_t i = 3; i < picture.pixels.size(); i += 4)
    if (picture.pixels[i] != 255) return true;
  return false;
}

}  // namespace

void check_picture(const Picture& picture) {
  const bool known = picture.channels == 1 || picture.channels == 3 || picture.channels == 4;
  const bool possible = known && picture.height >= 1 && picture.width >= 1 &&
                        picture.height <= kMaxPicturePixels / picture.width;
  if (!possible ||
      std::cmp_not_equal(picture.height * picture.width * picture.channels, picture.pixels.size()))
    throw Error(ErrorCode::kInvalidArgument,
                "picture: want height x width x (1, 3 or 4) bytes, of at most {} pixels, got "
                "{} x {} x {} and {} bytes",
                kMaxPicturePixels, picture.height, picture.width, picture.channels,
                picture.pixels.size());
}

Picture upright(Picture stored, int orientation) {
  if (orientation < 2 || orientation > 8) return stored;
  const bool exchanged = orientation >= 5;
  const std::int64_t height = exchanged ? stored.width : stored.height;
  const std::int64_t width = exchanged ? stored.height : stored.width;
  const bool from_below =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const auto channels = static_cast<std::size_t>(stored.channels);
  Picture result{height, width, stored.channels, std::vector<std::uint8_t>(stored.pixels.size())};
  std::uint8_t* to = result.pixels.data();
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x, to += channels) {
      std::int64_t row = exchanged ? x : y;
      std::int64_t column = exchanged ? y : x;
      if (from_below) row = stored.height - 1 - row;
      if (from_right) column = stored.width - 1 - column;
      std::memcpy(
          to,
          stored.pixels.data() + static_cast<std::size_t>(row * stored.width + column) * channels,
          channels);
    }
  }
  return result;
}

Picture to_grey(const Picture& picture) {
  check_picture(picture);
  if (picture.channels == 1) return picture;
  Picture grey{picture.height, picture.width, 1, {}};
  grey.pixels.reserve(static_cast<std::size_t>(picture.height * picture.width));
  const auto channels = static_cast<std::size_t>(picture.channels);
  const bool blended = channels == 4 && has_transparency(picture);
  const std::uint32_t paper = blended ? paper_behind(picture) : 0;
  for (std::size_t i = 0; i < picture.pixels.size(); i += channels) {
    const std::uint8_t* pixel = picture.pixels.data() + i;
    std::uint32_t value = luminance(pixel);
    if (blended) value = (value * pixel[3] + paper * (255U - pixel[3]) + 127) / 255;
    grey.pixels.push_back(static_cast<std::uint8_t>(value));
  }
  return grey;
}

}  // namespace digitry
