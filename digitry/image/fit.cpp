#include "digitry/image/fit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <span>
#include <vector>

#include "digitry/base/quantile.h"
#include "digitry/image/channels.h"

namespace digitry {
namespace {

std::uint8_t background_of(const Image& grey) {
  std::vector<std::uint8_t> border;
  const auto at = [&](std::int64_t y, std::int64_t x) {
    return grey.pixels[static_cast<std::size_t>(y * grey.width + x)];
  };
  for (std::int64_t x = 0; x < grey.width; ++x) {
    border.push_back(at(0, x));
    border.push_back(at(grey.height - 1, x));
  }
  for (std::int64_t y = 0; y < grey.height; ++y) {
    border.push_back(at(y, 0));
    border.push_back(at(y, grey.width - 1));
  }
  return median(border);
}

// The share of each source pixel in one target pixel, along one axis.
struct Taps {
  std::int64_t first = 0;
  std::vector<float> weights;
};

std::vector<Taps> make_taps(std::int64_t from, std::int64_t to) {
  std::vector<Taps> taps(static_cast<std::size_t>(to));
  const double step = static_cast<double>(from) / static_cast<double>(to);
  for (std::int64_t i = 0; i < to; ++i) {
    Taps& tap = taps[static_cast<std::size_t>(i)];
    if (to <= from) {
      const double begin = static_cast<double>(i) * step;
      const double end = std::min(static_cast<double>(from), begin + step);
      tap.first = static_cast<std::int64_t>(begin);
      for (std::int64_t j = tap.first; static_cast<double>(j) < end; ++j) {
        const double covered =
            std::min(end, static_cast<double>(j) + 1) - std::max(begin, static_cast<double>(j));
        tap.weights.push_back(static_cast<float>(covered / (end - begin)));
      }
    } else {
      const double center = std::clamp((static_cast<double>(i) + 0.5) * step - 0.5, 0.0,
                                       static_cast<double>(from - 1));
      tap.first = std::min(static_cast<std::int64_t>(center), from - 1);
      const auto share = static_cast<float>(center - static_cast<double>(tap.first));
      tap.weights = {1 - share};
      if (tap.first + 1 < from) tap.weights.push_back(share);
    }
  }
  return taps;
}

// [height, width] to [width', height]: resizes the rows and exchanges the axes, so that two calls
// resize both.
std::vector<float> resize_rows(const std::vector<float>& pixels, std::int64_t height,
                               std::int64_t width, std::int64_t new_width) {
  const std::vector<Taps> taps = make_taps(width, new_width);
  std::vector<float> result(static_cast<std::size_t>(new_width * height));
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < new_width; ++x) {
      const Taps& tap = taps[static_cast<std::size_t>(x)];
      const float* from = pixels.data() + y * width + tap.first;
      float sum = 0;
      for (const float weight : tap.weights) sum += weight * *from++;
      result[static_cast<std::size_t>(x * height + y)] = sum;
    }
  return result;
}

Image fit_channel(const Image& grey, ImageSize size) {
  const double scale = std::min(static_cast<double>(size.height) / static_cast<double>(grey.height),
                                static_cast<double>(size.width) / static_cast<double>(grey.width));
  const auto scaled = [&](std::int64_t side, std::int64_t most) {
    return std::clamp(std::int64_t{std::lround(static_cast<double>(side) * scale)}, std::int64_t{1},
                      most);
  };
  const std::int64_t height = scaled(grey.height, size.height);
  const std::int64_t width = scaled(grey.width, size.width);
  const std::vector<float> pixels(grey.pixels.begin(), grey.pixels.end());
  const std::vector<float> resized =
      resize_rows(resize_rows(pixels, grey.height, grey.width, width), width, grey.height, height);
  Image fitted{size.height, size.width, 1,
               std::vector<std::uint8_t>(static_cast<std::size_t>(size.height * size.width),
                                         background_of(grey))};
  const std::int64_t top = (size.height - height) / 2;
  const std::int64_t left = (size.width - width) / 2;
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      fitted.pixels[static_cast<std::size_t>((top + y) * size.width + left + x)] =
          static_cast<std::uint8_t>(std::lround(resized[static_cast<std::size_t>(y * width + x)]));
  return fitted;
}

}  // namespace

Image fit_image(const Image& image, ImageSize size) {
  if (ImageSize{image.height, image.width} == size) return image;
  const std::vector<std::uint8_t> planes = planes_of(image);
  std::vector<std::uint8_t> fitted;
  const std::size_t area = planes.size() / static_cast<std::size_t>(image.channels);
  for (std::size_t begin = 0; begin < planes.size(); begin += area) {
    const Image channel =
        image_of_planes(std::span(planes).subspan(begin, area), {image.height, image.width});
    std::ranges::copy(fit_channel(channel, size).pixels, std::back_inserter(fitted));
  }
  return image_of_planes(fitted, size);
}

}  // namespace digitry
