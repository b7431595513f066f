#include "digitry/augment/deformation.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "digitry/base/vectorize.h"

namespace digitry {
namespace {

DIGITRY_INLINE void expand_columns(const float* __restrict values, std::int64_t num_lines,
                                   std::int64_t num_knots, const std::int32_t* __restrict first,
                                   const float* __restrict weights, std::int64_t width,
                                   float* __restrict expanded) {
  for (std::int64_t line = 0; line < num_lines; ++line) {
    const float* knots = values + line * num_knots;
    float* to = expanded + line * width;
    for (std::int64_t x = 0; x < width; ++x)
      to[x] = weights[x] * knots[first[x]] + weights[width + x] * knots[first[x] + 1] +
              weights[2 * width + x] * knots[first[x] + 2] +
              weights[3 * width + x] * knots[first[x] + 3];
  }
}

struct RowWeights {
  float w0, w1, w2, w3;
};

DIGITRY_INLINE void blend_lines(const float* __restrict lines, const RowWeights& weights,
                                std::int64_t length, float* __restrict to) {
  const RowWeights w = weights;
  for (std::int64_t i = 0; i < length; ++i)
    to[i] = w.w0 * lines[i] + w.w1 * lines[length + i] + w.w2 * lines[2 * length + i] +
            w.w3 * lines[3 * length + i];
}

}  // namespace

ElasticGrid::Axis::Axis(std::int64_t length, double spacing)
    : num_knots(static_cast<std::int64_t>(static_cast<double>(length - 1) / spacing) + 4),
      weights(static_cast<std::size_t>(4 * length)) {
  for (std::int64_t i = 0; i < length; ++i) {
    const double place = static_cast<double>(i) / spacing;
    first.push_back(static_cast<std::int32_t>(place));
    const double t = place - first.back();
    const double weight[4] = {(1 - t) * (1 - t) * (1 - t) / 6, (3 * t * t * t - 6 * t * t + 4) / 6,
                              (-3 * t * t * t + 3 * t * t + 3 * t + 1) / 6, t * t * t / 6};
    for (std::int64_t j = 0; j < 4; ++j)
      weights[static_cast<std::size_t>(j * length + i)] = static_cast<float>(weight[j]);
  }
}

ElasticGrid::ElasticGrid(std::int64_t height, std::int64_t width, double sigma)
    : width_(width),
      rows_(height, std::numbers::sqrt3 * sigma),
      columns_(width, std::numbers::sqrt3 * sigma) {}

void ElasticGrid::draw(RandomStream& random, double strength, std::span<float> values) const {
  assert(std::ssize(values) == num_values());
  // Along each axis the squared weights of a cubic B-spline sum to 151/315 on average. Uniform
  // values in [−1, 1] have variance 1/3.
  const auto bound = static_cast<float>(strength * std::numbers::sqrt3 * 315 / 151);
  // Two values of 16 bits per word. The number of values is even.
  for (std::size_t i = 0; i < values.size(); i += 2) {
    const std::uint32_t word = random.next_u32();
    values[i] = bound * (static_cast<float>(word & 0xFFFF) * 0x1.0p-15F - 1);
    values[i + 1] = bound * (static_cast<float>(word >> 16) * 0x1.0p-15F - 1);
  }
}

void ElasticGrid::expand(std::span<const float> values, std::span<float> expanded) const {
  assert(std::ssize(values) == num_values() && std::ssize(expanded) == num_expanded());
  vectorized<expand_columns>(values.data(), 2 * rows_.num_knots, columns_.num_knots,
                             columns_.first.data(), columns_.weights.data(), width_,
                             expanded.data());
}

void ElasticGrid::displacement_row(std::span<const float> expanded, std::int64_t y,
                                   std::span<float> displacement) const {
  assert(std::ssize(displacement) == 2 * width_);
  const auto height = rows_.first.size();
  const auto row = static_cast<std::size_t>(y);
  const std::vector<float>& w = rows_.weights;
  vectorized<blend_lines>(
      expanded.data() + rows_.first[row] * 2 * width_,
      RowWeights{w[row], w[height + row], w[2 * height + row], w[3 * height + row]}, 2 * width_,
      displacement.data());
}

namespace {

// Zhong et al. 2020: the smallest area, and the smallest ratio of the sides.
constexpr double kMinErasedArea = 0.02;
constexpr double kMinAspect = 0.3;

double uniform(RandomStream& random, double bound) { return bound * (2 * random.next_float() - 1); }

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

// The inverse of move · rotate · shear · scale, in closed form.
warp::AffineMap draw_source_map(const AugmentOptions& options, ImageSize size,
                                RandomStream& random) {
  const double angle = radians(uniform(random, options.rotation));
  const double lean = std::tan(radians(uniform(random, options.shear)));
  const double scale_x = 1 + uniform(random, options.zoom);
  const double scale_y = 1 + uniform(random, options.zoom);
  const double move_x = uniform(random, options.translation);
  const double move_y = uniform(random, options.translation);

  // Undoes the rotation, then the shear, then the scaling.
  const double cosine = std::cos(angle), sine = std::sin(angle);
  return warp::about_center(size,
                            {.ux = (cosine + lean * sine) / scale_x,
                             .uy = (sine - lean * cosine) / scale_x,
                             .vx = -sine / scale_y,
                             .vy = cosine / scale_y},
                            move_x, move_y);
}

ErasedRectangle draw_rectangle(const AugmentOptions& options, ImageSize size,
                               RandomStream& random) {
  const bool erases = random.next_float() < options.erase;
  const double least = std::min(kMinErasedArea, options.erase_area);
  const double fraction = least + (options.erase_area - least) * random.next_float();
  // Log-uniform, so that wide and narrow rectangles are equally frequent.
  const double aspect = std::exp(uniform(random, -std::log(kMinAspect)));
  const double left = random.next_float(), top = random.next_float();
  if (!erases) return {};

  const double area = fraction * static_cast<double>(size.height * size.width);
  const auto side = [](double length, std::int64_t largest) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(length), 1, largest);
  };
  ErasedRectangle erased{.height = side(std::sqrt(area / aspect), size.height),
                         .width = side(std::sqrt(area * aspect), size.width)};
  erased.left =
      static_cast<std::int64_t>(left * static_cast<double>(size.width - erased.width + 1));
  erased.top =
      static_cast<std::int64_t>(top * static_cast<double>(size.height - erased.height + 1));
  return erased;
}

}  // namespace

RandomStream augmentation_stream(std::uint64_t seed, std::int64_t epoch, std::int32_t image_index) {
  return {seed, RandomPurpose::kAugmentation, static_cast<std::uint32_t>(image_index),
          static_cast<std::uint32_t>(epoch)};
}

Deformation draw_deformation(const AugmentOptions& options, ImageSize size, RandomStream& random) {
  Deformation drawn;
  drawn.source = draw_source_map(options, size, random);
  drawn.thickness = static_cast<float>(uniform(random, options.thickness));
  drawn.erased = draw_rectangle(options, size, random);
  return drawn;
}

}  // namespace digitry
