#include "digitry/image/image_form.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "digitry/base/quantile.h"

namespace digitry {
namespace {

constexpr int kBlankContrast = 16;

// Of MNIST's 60,000 training images, pixels above 32 have a longer side of 18 to 20 and a centre of
// mass of 13.9 to 15.1; the limits leave room for other programs that make such images.
constexpr std::uint8_t kFaint = 32;
constexpr std::uint8_t kLeastBrightest = 250;
constexpr std::int64_t kShortestBox = 17;
constexpr double kLowestCenter = 13.25;
constexpr double kHighestCenter = 15.75;
constexpr double kStandingHeight = 0.7;  // of the object's height; of MNIST's, 35 have such parts

std::uint8_t border_median(std::span<const std::uint8_t> pixels, ImageSize size) {
  std::vector<std::uint8_t> border;
  for (std::int64_t y = 0; y < size.height; ++y)
    for (std::int64_t x = 0; x < size.width; ++x)
      if (y == 0 || x == 0 || y + 1 == size.height || x + 1 == size.width)
        border.push_back(pixels[static_cast<std::size_t>(y * size.width + x)]);
  return median(border);
}

// Rows [top, bottom] with ink.
struct RowRange {
  std::int64_t top = kMnistSide;
  std::int64_t bottom = -1;
  std::int64_t height() const { return bottom - top + 1; }
  void add(const RowRange& other) {
    top = std::min(top, other.top);
    bottom = std::max(bottom, other.bottom);
  }
};

// Whether two things of about the same height stand side by side, with a gap between them.
bool holds_two(const Image& light) {
  std::vector<RowRange> things;
  bool in_thing = false;
  RowRange whole;
  for (std::int64_t x = 0; x < light.width; ++x) {
    RowRange column;
    for (std::int64_t y = 0; y < light.height; ++y)
      if (light.pixels[static_cast<std::size_t>(y * light.width + x)] > kFaint) column.add({y, y});
    const bool ink = column.bottom >= 0;
    if (ink && !in_thing) things.emplace_back();
    if (ink) things.back().add(column);
    whole.add(column);
    in_thing = ink;
  }
  return std::ranges::count_if(things, [&](const RowRange& thing) {
           return static_cast<double>(thing.height()) >=
                  kStandingHeight * static_cast<double>(whole.height());
         }) > 1;
}

}  // namespace

const char* to_string(ImagePolarity polarity) {
  switch (polarity) {
    case ImagePolarity::kLightOnDark:
      return "light on dark";
    case ImagePolarity::kDarkOnLight:
      return "dark on light";
    case ImagePolarity::kUnclear:
      return "unclear";
    case ImagePolarity::kBlank:
      return "blank";
  }
  return "";
}

ImagePolarity find_polarity(std::span<const std::uint8_t> pixels, ImageSize size) {
  const auto [darkest, lightest] = std::ranges::minmax(pixels);
  const int contrast = lightest - darkest;
  if (contrast < kBlankContrast) return ImagePolarity::kBlank;
  const int background = border_median(pixels, size) - darkest;
  if (3 * background <= contrast) return ImagePolarity::kLightOnDark;
  return 3 * background >= 2 * contrast ? ImagePolarity::kDarkOnLight : ImagePolarity::kUnclear;
}

bool has_unit_scale(std::span<const std::uint8_t> pixels) { return std::ranges::max(pixels) == 1; }

Image light_on_dark(const Image& grey, ImagePolarity polarity) {
  const int background = border_median(grey.pixels, {grey.height, grey.width});
  const bool dark_ink = polarity == ImagePolarity::kDarkOnLight;
  if (!dark_ink && background == 0) return grey;
  const auto [darkest, lightest] = std::ranges::minmax(grey.pixels);
  const int contrast = std::max(1, dark_ink ? background - darkest : lightest - background);
  Image light = grey;
  for (std::uint8_t& pixel : light.pixels) {
    const int ink = std::max(0, dark_ink ? background - pixel : pixel - background);
    pixel = static_cast<std::uint8_t>((255 * ink + contrast / 2) / contrast);
  }
  return light;
}

bool in_mnist_form(const Image& grey) {
  if (grey.height != kMnistSide || grey.width != kMnistSide ||
      std::ranges::max(grey.pixels) < kLeastBrightest)
    return false;
  std::int64_t top = kMnistSide, left = kMnistSide, bottom = 0, right = 0;
  double mass = 0, mass_y = 0, mass_x = 0;
  for (std::int64_t y = 0; y < kMnistSide; ++y)
    for (std::int64_t x = 0; x < kMnistSide; ++x) {
      const std::uint8_t pixel = grey.pixels[static_cast<std::size_t>(y * kMnistSide + x)];
      if (pixel <= kFaint) continue;
      top = std::min(top, y);
      left = std::min(left, x);
      bottom = y;
      right = std::max(right, x);
      mass += pixel;
      mass_y += pixel * (static_cast<double>(y) + 0.5);
      mass_x += pixel * (static_cast<double>(x) + 0.5);
    }
  const std::int64_t side = std::max(bottom - top, right - left) + 1;
  const auto central = [&](double sum) {
    return sum >= kLowestCenter * mass && sum <= kHighestCenter * mass;
  };
  return side >= kShortestBox && side <= kMnistBoxSide && central(mass_y) && central(mass_x);
}

ImageForm find_image_form(const Image& picture) {
  ImageForm form;
  form.grey = to_grey(picture);
  form.unit_scale = has_unit_scale(form.grey.pixels);
  if (form.unit_scale)
    for (std::uint8_t& pixel : form.grey.pixels) pixel = static_cast<std::uint8_t>(255 * pixel);
  form.polarity = find_polarity(form.grey.pixels, {form.grey.height, form.grey.width});
  const bool clear =
      form.polarity == ImagePolarity::kLightOnDark || form.polarity == ImagePolarity::kDarkOnLight;
  form.light = clear ? light_on_dark(form.grey, form.polarity) : form.grey;
  form.ready = form.polarity == ImagePolarity::kBlank ||
               (clear && in_mnist_form(form.light) && !holds_two(form.light));
  return form;
}

}  // namespace digitry
