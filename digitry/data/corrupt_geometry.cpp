#include <cmath>
#include <vector>

#include "digitry/data/corruptors.h"
#include "digitry/data/warp.h"

namespace digitry::corruptors {
namespace {

// Either, by the toss of a coin.
double random_sign(RandomStream& random) { return (random.next_u32() & 1) == 0 ? -1 : 1; }

// u = uxΔx + uyΔy, v = vxΔx + vyΔy about the image's centre.
warp::AffineMap about_center(ImageSize size, double ux, double uy, double vx, double vy) {
  const double center_x = static_cast<double>(size.width - 1) / 2;
  const double center_y = static_cast<double>(size.height - 1) / 2;
  return {.ux = static_cast<float>(ux),
          .uy = static_cast<float>(uy),
          .u0 = static_cast<float>(center_x - ux * center_x - uy * center_y),
          .vx = static_cast<float>(vx),
          .vy = static_cast<float>(vy),
          .v0 = static_cast<float>(center_y - vx * center_x - vy * center_y)};
}

// Samples the image where `draw_map(random)` says, bilinear, with zeros outside.
template <typename DrawMap>
Corruptor warped_by(ImageSize size, const DrawMap& draw_map) {
  const auto count = [](std::int64_t length) { return static_cast<std::size_t>(length); };
  return [size, draw_map, padded = std::vector<std::uint8_t>(count(warp::padded_size(size))),
          packed = std::vector<std::uint32_t>(count(warp::packed_size(size))),
          still = std::vector<float>(count(2 * size.width))](
             const std::uint8_t* from, RandomStream& random, float* to) mutable {
    const warp::AffineMap map = draw_map(random);
    warp::pad(from, size, padded.data());
    warp::pack_squares(padded.data(), size, packed.data());
    for (std::int64_t y = 0; y < size.height; ++y)
      warp::sample_row(packed.data(), size, map, y, still.data(), {.scale = 1.0F / 255},
                       to + y * size.width);
  };
}

}  // namespace

// By an angle of 0.4 of the y axis, which keeps its length.
Corruptor shear(ImageSize size) {
  return warped_by(size, [size](RandomStream& random) {
    const double angle = 0.4 * random_sign(random);
    return about_center(size, 1, -std::sin(angle), 0, std::cos(angle));
  });
}

Corruptor scale(ImageSize size) {
  return warped_by(size,
                   [size](RandomStream&) { return about_center(size, 1 / 0.7, 0, 0, 1 / 0.7); });
}

// By 0.4 radians, either way.
Corruptor rotate(ImageSize size) {
  return warped_by(size, [size](RandomStream& random) {
    const double angle = 0.4 * random_sign(random);
    const double cosine = std::cos(angle), sine = std::sin(angle);
    return about_center(size, cosine, -sine, sine, cosine);
  });
}

// To one of the four corners.
Corruptor translate(ImageSize size) {
  return warped_by(size, [distance = 3 * unit(size)](RandomStream& random) {
    warp::AffineMap map;
    map.u0 = static_cast<float>(distance * random_sign(random));
    map.v0 = static_cast<float>(distance * random_sign(random));
    return map;
  });
}

}  // namespace digitry::corruptors
