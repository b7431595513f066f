#include <array>
#include <cmath>
#include <vector>

#include "digitry/corruption/corruptors.h"
#include "digitry/image/blur.h"

namespace digitry::corruptors {
namespace {

std::size_t area_of(ImageSize size) { return static_cast<std::size_t>(size.height * size.width); }

// For each pixel value the chances that a Poisson variable is below 1, below 2 and below 3: what is
// more is full ink.
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

// At most three photons a pixel are told apart: Poisson(3 · ink) / 3.
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

// Salt and pepper, as much of one as of the other.
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

// Mud of a quarter of full ink where smooth noise is above its mean, and well within such a place.
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

}  // namespace digitry::corruptors
