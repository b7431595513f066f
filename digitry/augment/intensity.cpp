#include "digitry/augment/intensity.h"

#include <algorithm>
#include <cmath>

#include "digitry/base/vectorize.h"
#include "digitry/image/blur.h"

namespace digitry {

RandomFilter::RandomFilter(ImageSize size, std::int64_t largest)
    : size_(size),
      largest_(largest),
      padded_(static_cast<std::size_t>((size.height + largest) * (size.width + largest))),
      result_(static_cast<std::size_t>(size.height * size.width)) {}

void RandomFilter::convolve(RandomStream& random, std::int64_t side, const float* plane) {
  const std::int64_t stride = size_.width + side - 1;
  std::ranges::fill(padded_, 0.0F);
  for (std::int64_t y = 0; y < size_.height; ++y)
    std::copy_n(plane + y * size_.width, size_.width,
                padded_.data() + (y + side / 2) * stride + side / 2);
  std::ranges::fill(result_, 0.0F);
  for (std::int64_t ky = 0; ky < side; ++ky)
    for (std::int64_t kx = 0; kx < side; ++kx) {
      const float weight = random.next_normal() / static_cast<float>(side);
      for (std::int64_t y = 0; y < size_.height; ++y)
        add_weighted_line(padded_.data() + (y + ky) * stride + kx, weight, size_.width,
                          result_.data() + y * size_.width);
    }
}

void RandomFilter::apply(RandomStream& random, float* plane) {
  const auto num_sides = static_cast<std::uint32_t>((largest_ - 1) / 2);
  const std::int64_t side = 3 + 2 * std::int64_t{random.next_below(num_sides)};
  const float kept = random.next_float();
  convolve(random, side, plane);
  for (std::size_t i = 0; i < result_.size(); ++i)
    result_[i] = kept * plane[i] + (1 - kept) * result_[i];
  const auto [low, high] = std::ranges::minmax(result_);
  // A constant image cannot be stretched.
  if (high - low < 1e-6F) return;
  for (std::size_t i = 0; i < result_.size(); ++i) plane[i] = (result_[i] - low) / (high - low);
}

namespace {

constexpr int kBlurs = 16;
constexpr double kLightSigma = 6;  // Smoothness of the light, in pixels of a 28×28 image.

bool toss(RandomStream& random) { return (random.next_u32() & 1) == 0; }

std::int64_t at_most(double bound, RandomStream& random) {
  return random.next_below(static_cast<std::uint32_t>(std::lround(bound)) + 1);
}

// Between `least` and `most` times `length`, at most `length`.
std::int64_t random_length(std::int64_t length, double least, double most, RandomStream& random) {
  const double fraction = least + (most - least) * random.next_float();
  return std::clamp<std::int64_t>(std::lround(fraction * static_cast<double>(length)), 1, length);
}

std::int64_t random_start(std::int64_t length, std::int64_t part, RandomStream& random) {
  return random.next_below(static_cast<std::uint32_t>(length - part + 1));
}

// Approximately standard normal: the sum of four uniform bytes, standardized.
float nearly_normal(RandomStream& random) {
  const std::uint32_t word = random.next_u32();
  const std::uint32_t sum = (word & 0xFF) + (word >> 8 & 0xFF) + (word >> 16 & 0xFF) + (word >> 24);
  return (static_cast<float>(sum) - 510) * (1 / 147.8F);
}

struct LitLine {
  float paper, unevenness, brightest, contrast;
};

DIGITRY_INLINE void light_line(const float* __restrict field, const LitLine& lit,
                               std::int64_t width, float* __restrict line) {
  const LitLine l = lit;
  for (std::int64_t x = 0; x < width; ++x) {
    const float paper = std::min(std::max(l.paper + l.unevenness * field[x], 0.0F), l.brightest);
    line[x] = paper + l.contrast * (1 - paper) * line[x];
  }
}

double light_sigma(ImageSize size) {
  return std::max(1.0, kLightSigma * static_cast<double>(std::min(size.height, size.width)) / 28);
}

}  // namespace

IntensityAugmenter::IntensityAugmenter(const AugmentOptions& options, ImageSize size)
    : options_(options),
      size_(size),
      any_(options.clutter > 0 || options.filter > 0 || options.blur > 0 ||
           options.background > 0 || options.contrast > 0 || options.invert > 0 ||
           options.noise > 0),
      before_(static_cast<std::size_t>(area())),
      random_filter_(size, std::lround(options.filter_size)),
      light_grid_(size.height, size.width, light_sigma(size)),
      knots_(static_cast<std::size_t>(light_grid_.num_values())),
      expanded_(static_cast<std::size_t>(light_grid_.num_expanded())),
      light_row_(static_cast<std::size_t>(2 * size.width)) {
  if (options.blur > 0)
    for (int i = 1; i <= kBlurs; ++i)
      blurs_.emplace_back(size, options.blur * i / kBlurs, GaussianBlur::Outside::kZero);
}

float IntensityAugmenter::erased_ink(const Image& image) const {
  RandomStream random = image.stream(RandomPurpose::kErasedInk);
  return static_cast<float>(options_.erase_ink) * random.next_float();
}

// Copies square pieces of the ink elsewhere, half of them mirrored about their diagonal.
void IntensityAugmenter::add_clutter(RandomStream random, float* plane) {
  std::copy_n(plane, area(), before_.data());
  const std::int64_t shorter = std::min(size_.height, size_.width);
  for (std::int64_t pieces = at_most(options_.clutter, random); pieces > 0; --pieces) {
    const std::int64_t side = random_length(shorter, 1.0 / 8, 1.0 / 3, random);
    const std::int64_t from_y = random_start(size_.height, side, random);
    const std::int64_t from_x = random_start(size_.width, side, random);
    const std::int64_t to_y = random_start(size_.height, side, random);
    const std::int64_t to_x = random_start(size_.width, side, random);
    const bool mirrored = toss(random);
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t x = 0; x < side; ++x) {
        const float ink =
            before_[static_cast<std::size_t>((from_y + y) * size_.width + from_x + x)];
        float& to = plane[(to_y + (mirrored ? x : y)) * size_.width + to_x + (mirrored ? y : x)];
        to = std::max(to, ink);
      }
  }
}

void IntensityAugmenter::filter(RandomStream random, float* plane) {
  if (random.next_float() < options_.filter) random_filter_.apply(random, plane);
}

void IntensityAugmenter::blur(RandomStream random, float* plane) {
  if (toss(random)) return;
  blurs_[random.next_below(kBlurs)].blur(plane);
}

// Makes the paper uneven and light; ink covers a part of the way from paper to full ink.
void IntensityAugmenter::light(RandomStream random, float* plane) {
  if (toss(random)) return;
  const auto brightest = static_cast<float>(options_.background);
  const LitLine lit{.paper = brightest * random.next_float(),
                    .unevenness = brightest / 2 * random.next_float(),
                    .brightest = brightest,
                    .contrast = 1 - static_cast<float>(options_.contrast) * random.next_float()};
  light_grid_.draw(random, 1, knots_);
  light_grid_.expand(knots_, expanded_);
  for (std::int64_t y = 0; y < size_.height; ++y) {
    light_grid_.displacement_row(expanded_, y, light_row_);
    vectorized<light_line>(light_row_.data(), lit, size_.width, plane + y * size_.width);
  }
}

void IntensityAugmenter::invert(RandomStream random, float* plane) const {
  if (random.next_float() >= options_.invert) return;
  for (std::int64_t i = 0; i < area(); ++i) plane[i] = 1 - plane[i];
}

// Adds noise in a rectangle, which may be the whole image.
void IntensityAugmenter::add_noise(RandomStream random, float* plane) const {
  if (toss(random)) return;
  const float deviation = static_cast<float>(options_.noise) * random.next_float();
  const std::int64_t height = random_length(size_.height, 0.25, 1.5, random);
  const std::int64_t width = random_length(size_.width, 0.25, 1.5, random);
  const std::int64_t top = random_start(size_.height, height, random);
  const std::int64_t left = random_start(size_.width, width, random);
  for (std::int64_t y = top; y < top + height; ++y)
    for (std::int64_t x = left; x < left + width; ++x)
      plane[y * size_.width + x] += deviation * nearly_normal(random);
}

void IntensityAugmenter::change(const Image& image, float* plane) {
  if (options_.clutter > 0) add_clutter(image.stream(RandomPurpose::kClutter), plane);
  if (options_.filter > 0) filter(image.stream(RandomPurpose::kRandomFilter), plane);
  if (options_.blur > 0) blur(image.stream(RandomPurpose::kBlur), plane);
  if (options_.background > 0 || options_.contrast > 0)
    light(image.stream(RandomPurpose::kLight), plane);
  if (options_.invert > 0) invert(image.stream(RandomPurpose::kInversion), plane);
  if (options_.noise > 0) add_noise(image.stream(RandomPurpose::kNoise), plane);
  for (std::int64_t i = 0; i < area(); ++i) plane[i] = std::clamp(plane[i], 0.0F, 1.0F);
}

}  // namespace digitry
