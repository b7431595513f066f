#include "digitry/image/image.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"

namespace digitry {
namespace {

// ITU-R BT.601, in units of 2^-16.
std::uint32_t luminance(const std::uint8_t* rgb) {
  return (19595U * rgb[0] + 38470U * rgb[1] + 7471U * rgb[2] + 32768U) >> 16;
}

constexpr std::uint8_t kOpaque = 128;
constexpr std::size_t kLeastColorContrast = 64;

// The background of the transparent parts. A picture that is mostly opaque, of different colours,
// is a sheet with transparent edges: they are like most of it. Else the opaque parts are ink, whose
// shape is in the opacity: the background is the opposite.
std::uint32_t paper_behind(const Image& image) {
  std::array<std::size_t, 256> histogram{};
  std::size_t num_opaque = 0;
  std::uint64_t sum = 0;
  std::uint64_t opacity = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += 4) {
    const std::uint64_t alpha = image.pixels[i + 3];
    const std::uint32_t value = luminance(image.pixels.data() + i);
    sum += alpha * value;
    opacity += alpha;
    if (alpha < kOpaque) continue;
    ++histogram[value];
    ++num_opaque;
  }
  if (8 * num_opaque >= image.pixels.size()) {  // At least half of the pixels.
    std::size_t darkest = 0, lightest = 255, median = 0;
    while (histogram[darkest] == 0) ++darkest;
    while (histogram[lightest] == 0) --lightest;
    for (std::size_t below = histogram[0]; 2 * below < num_opaque; below += histogram[median])
      ++median;
    if (lightest - darkest >= kLeastColorContrast) return static_cast<std::uint32_t>(median);
  }
  return sum < 128 * opacity ? 255 : 0;
}

// A value of this opacity on paper.
std::uint8_t on_paper(std::uint32_t value, std::uint32_t opacity, std::uint32_t paper) {
  return static_cast<std::uint8_t>((value * opacity + paper * (255U - opacity) + 127) / 255);
}

bool has_transparency(const Image& image) {
  for (std::size_t i = 3; i < image.pixels.size(); i += 4)
    if (image.pixels[i] != 255) return true;
  return false;
}

}  // namespace

void check_image(const Image& image) {
  const bool known = image.channels == 1 || image.channels == 3 || image.channels == 4;
  const bool possible = known && image.height >= 1 && image.width >= 1 &&
                        image.height <= kMaxImagePixels / image.width;
  if (!possible ||
      std::cmp_not_equal(image.height * image.width * image.channels, image.pixels.size()))
    throw Error(ErrorCode::kInvalidArgument,
                "image: expected height x width x (1, 3 or 4) bytes, at most {} pixels, got "
                "{} x {} x {} and {} bytes",
                kMaxImagePixels, image.height, image.width, image.channels, image.pixels.size());
}

Image upright(Image stored, int orientation) {
  if (orientation < 2 || orientation > 8) return stored;
  const bool exchanged = orientation >= 5;
  const std::int64_t height = exchanged ? stored.width : stored.height;
  const std::int64_t width = exchanged ? stored.height : stored.width;
  const bool from_below =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const auto channels = static_cast<std::size_t>(stored.channels);
  Image result{height, width, stored.channels, std::vector<std::uint8_t>(stored.pixels.size())};
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

Image to_grey(const Image& image) {
  check_image(image);
  if (image.channels == 1) return image;
  Image grey{image.height, image.width, 1, {}};
  grey.pixels.reserve(static_cast<std::size_t>(image.height * image.width));
  const auto channels = static_cast<std::size_t>(image.channels);
  const bool blended = channels == 4 && has_transparency(image);
  const std::uint32_t paper = blended ? paper_behind(image) : 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += channels) {
    const std::uint8_t* pixel = image.pixels.data() + i;
    grey.pixels.push_back(on_paper(luminance(pixel), blended ? pixel[3] : 255, paper));
  }
  return grey;
}

Image to_colour(const Image& image) {
  check_image(image);
  if (image.channels == 3) return image;
  Image colour{image.height, image.width, 3, {}};
  colour.pixels.reserve(static_cast<std::size_t>(3 * image.height * image.width));
  const auto channels = static_cast<std::size_t>(image.channels);
  const bool blended = channels == 4 && has_transparency(image);
  const std::uint32_t paper = blended ? paper_behind(image) : 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += channels)
    for (std::size_t c = 0; c < 3; ++c)
      colour.pixels.push_back(on_paper(image.pixels[i + (channels == 1 ? 0 : c)],
                                       blended ? image.pixels[i + 3] : 255, paper));
  return colour;
}

ImageSize parse_image_size(std::string_view text, const std::string& name) {
  const std::size_t cross = std::min(text.find('x'), text.size());
  const auto side = [&](std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 1 ||
        value > kMaxImageSide)
      throw Error(ErrorCode::kInvalidArgument,
                  "{}: expected a side in [1, {}], or WIDTHxHEIGHT, got '{}'", name, kMaxImageSide,
                  text);
    return value;
  };
  const std::int64_t width = side(text.substr(0, cross));
  return {.height = cross == text.size() ? width : side(text.substr(cross + 1)), .width = width};
}

std::string to_string(ImageSize size) {
  return std::to_string(size.width) + 'x' + std::to_string(size.height);
}

void check_image_total(const std::string& name, std::int64_t num_images,
                       std::int64_t bytes_per_image) {
  constexpr std::int64_t kMaxImages = std::numeric_limits<std::int32_t>::max();
  constexpr auto kMaxBytes = static_cast<std::int64_t>(kMaxInputBytes);
  if (num_images > kMaxImages || num_images > kMaxBytes / bytes_per_image)
    throw Error(
        ErrorCode::kBadData,
        "{}: expected at most {} images and {} bytes of pixels, found {} images of {} bytes", name,
        kMaxImages, kMaxBytes, num_images, bytes_per_image);
}

}  // namespace digitry
