#include "digitry/data/deformation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace digitry {
namespace {

// Zhong et al. 2020: the smallest area, and the widest and narrowest rectangle.
constexpr double kMinErasedArea = 0.02;
constexpr double kMinAspect = 0.3;

double uniform(RandomStream& random, double bound) { return bound * (2 * random.next_float() - 1); }

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

// The inverse of move · rotate · shear · scale, by hand.
warp::AffineMap draw_source_map(const AugmentOptions& options, ImageSize size,
                                RandomStream& random) {
  const double angle = radians(uniform(random, options.rotation));
  const double lean = std::tan(radians(uniform(random, options.shear)));
  const double scale_x = 1 + uniform(random, options.zoom);
  const double scale_y = 1 + uniform(random, options.zoom);
  const double move_x = uniform(random, options.translation);
  const double move_y = uniform(random, options.translation);

  // Turning back, then upright again, then to the old size.
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
  // Uniform in the logarithm, so that wide ones are as frequent as narrow ones.
  const double aspect = std::exp(uniform(random, -std::log(kMinAspect)));
  const double left = random.next_float(), top = random.next_float();
  if (!erases) return {};

  const double area = fraction * static_cast<double>(size.height * size.width);
  const auto side = [](double wanted, std::int64_t most) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(wanted), 1, most);
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
