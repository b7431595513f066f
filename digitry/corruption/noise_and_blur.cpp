#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "digitry/corruption/corruptors.h"
#include "digitry/image/blur.h"

namespace digitry::corruptors {
namespace {

std::size_t area_of(ImageSize size) { return static_cast<std::size_t>(size.height * size.width); }

// For each pixel value the probabilities that a Poisson variable is below 1, below 2 and below 3.
std::array<std::array<float, 3>, 256> make_photon_chances(double photons) {
  std::array<std::array<float, 3>, 256> chances{};
  for (std::size_t pixel = 0; pixel < chances.size(); ++pixel) {
    const double mean = photons * static_cast<double>(pixel) / 255;
    const double none = std::exp(-mean);
    chances[pixel] = {static_cast<float>(none), static_cast<float>(none * (1 + mean)),
                      static_cast<float>(none * (1 + mean + mean * mean / 2))};
  }
  return chances;
}

}  // namespace

// min(Poisson(3 · ink), 3) / 3: three photons or more are full ink.
Corruptor shot_noise(ImageSize size) {
  return [area = area_of(size), chances = make_photon_chances(3)](const std::uint8_t* from,
                                                                  RandomStream& random, float* to) {
    for (std::size_t i = 0; i < area; ++i) {
      const float drawn = random.next_float();
      int photons = 0;
      for (const float chance : chances[from[i]]) photons += drawn >= chance ? 1 : 0;
      to[i] = static_cast<float>(photons) / 3;
    }
  };
}

// Salt and pepper in equal shares.
Corruptor impulse_noise(ImageSize size) {
  constexpr float kAmount = 0.17F;
  return [area = area_of(size)](const std::uint8_t* from, RandomStream& random, float* to) {
    for (std::size_t i = 0; i < area; ++i) {
      const float drawn = random.next_float();
      const float impulse = drawn < kAmount / 2 ? 1.0F : 0.0F;
      to[i] = drawn < kAmount ? impulse : ink_of(from[i]);
    }
  };
}

// Mud with a quarter of full ink, well inside the regions where smooth noise is above its mean.
Corruptor spatter(ImageSize size) {
  constexpr float kMean = 0.65F, kDeviation = 0.3F, kMud = 63.0F / 255, kLeastCover = 0.8F;
  using Outside = GaussianBlur::Outside;
  return [area = area_of(size), liquid = GaussianBlur(size, 1.0 * unit(size), Outside::kNearest),
          edge = GaussianBlur(size, 1.5 * unit(size), Outside::kNearest),
          cover = std::vector<float>(area_of(size))](const std::uint8_t* from, RandomStream& random,
                                                     float* to) mutable {
    for (float& value : cover) value = kMean + kDeviation * random.next_normal();
    liquid.blur(cover.data());
    for (float& value : cover) value = value > kMean ? 1.0F : 0.0F;
    edge.blur(cover.data());
    for (std::size_t i = 0; i < area; ++i) {
      const float covered = cover[i] < kLeastCover ? 0 : cover[i];
      to[i] = ink_of(from[i]) * (1 - covered) + kMud * covered;
    }
  };
}

namespace {

// From the last pixel to the first, swaps a random half of the pixels with another pixel at most
// `reach` above or to the left and less than `reach` below or to the right.
void shuffle_locally(ImageSize size, std::int64_t reach, RandomStream& random, float* plane) {
  const auto bound = static_cast<std::uint32_t>(2 * reach);
  for (std::int64_t y = size.height - reach; y > reach; --y)
    for (std::int64_t x = size.width - reach; x > reach; --x) {
      if ((random.next_u32() & 1) == 0) continue;
      const std::int64_t other_x = x + random.next_below(bound) - reach;
      const std::int64_t other_y = y + random.next_below(bound) - reach;
      std::swap(plane[y * size.width + x], plane[other_y * size.width + other_x]);
    }
}

// The weights of a fading exposure: half a Gaussian, with sum 1.
std::vector<float> fading_weights(double radius, double sigma) {
  const auto count = static_cast<std::size_t>(2 * std::ceil(radius) + 1);
  std::vector<float> weights(count);
  float sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double distance = static_cast<double>(i) / sigma;
    weights[i] = static_cast<float>(std::exp(-distance * distance / 2));
    sum += weights[i];
  }
  for (float& weight : weights) weight /= sum;
  return weights;
}

// The image with `margin` copies of its last column on the right.
class WidenedImage {
 public:
  WidenedImage(ImageSize size, std::int64_t margin)
      : size_(size),
        stride_(size.width + margin),
        ink_(static_cast<std::size_t>(size.height * stride_)) {}

  void load(const std::uint8_t* image) {
    for (std::int64_t y = 0; y < size_.height; ++y)
      for (std::int64_t x = 0; x < stride_; ++x)
        ink_[static_cast<std::size_t>(y * stride_ + x)] =
            ink_of(image[y * size_.width + std::min(x, size_.width - 1)]);
  }
  // The row from (x, y). Rows outside the image are the first or the last.
  const float* at(std::int64_t x, std::int64_t y) const {
    return ink_.data() + std::clamp<std::int64_t>(y, 0, size_.height - 1) * stride_ + x;
  }

 private:
  ImageSize size_;
  std::int64_t stride_;
  std::vector<float> ink_;
};

}  // namespace

// MNIST-C blurs only along columns, because its library treated the second axis of a grey image as
// colours.
Corruptor glass_blur(ImageSize size) {
  constexpr int kRounds = 2;
  const auto reach = std::max<std::int64_t>(1, std::lround(unit(size)));
  return
      [size, reach, blur = GaussianBlur(size, 0.7 * unit(size), GaussianBlur::Outside::kNearest)](
          const std::uint8_t* from, RandomStream& random, float* to) mutable {
        const std::int64_t area = size.height * size.width;
        std::copy_n(from, area, to);
        blur.blur_columns(to);
        for (std::int64_t i = 0; i < area; ++i) to[i] = std::floor(to[i]) / 255;
        for (int round = 0; round < kRounds; ++round) shuffle_locally(size, reach, random, to);
        blur.blur_columns(to);
      };
}

// As in ImageMagick: each pixel is a fading mean along a line to the right, up to 45° up or down.
Corruptor motion_blur(ImageSize size) {
  const std::vector<float> weights = fading_weights(10 * unit(size), 3 * unit(size));
  return [size, weights, image = WidenedImage(size, std::ssize(weights))](
             const std::uint8_t* from, RandomStream& random, float* to) mutable {
    const double angle = std::numbers::pi / 4 * (2 * random.next_float() - 1);
    image.load(from);
    std::fill_n(to, size.height * size.width, 0.0F);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const auto distance = static_cast<double>(i);
      const auto right = static_cast<std::int64_t>(std::ceil(distance * std::cos(angle) - 0.5));
      const auto down = static_cast<std::int64_t>(std::ceil(distance * std::sin(angle) - 0.5));
      for (std::int64_t y = 0; y < size.height; ++y)
        add_weighted_line(image.at(right, y + down), weights[i], size.width, to + y * size.width);
    }
  };
}

}  // namespace digitry::corruptors
