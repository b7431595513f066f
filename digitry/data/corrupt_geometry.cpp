#include <cmath>

#include "digitry/data/corruptors.h"
#include "digitry/data/plane_warper.h"

namespace digitry::corruptors {
namespace {

// Either, by the toss of a coin.
double random_sign(RandomStream& random) { return (random.next_u32() & 1) == 0 ? -1 : 1; }

// Samples the image where `draw_map(random)` says.
template <typename DrawMap>
Corruptor warped_by(ImageSize size, const DrawMap& draw_map) {
  return [draw_map, warper = PlaneWarper(size)](const std::uint8_t* from, RandomStream& random,
                                                float* to) mutable {
    warper.warp(from, draw_map(random), {.scale = 1.0F / 255}, to);
  };
}

}  // namespace

// By an angle of 0.4 of the y axis, which keeps its length.
Corruptor shear(ImageSize size) {
  return warped_by(size, [size](RandomStream& random) {
    const double angle = 0.4 * random_sign(random);
    return warp::about_center(size, {1, -std::sin(angle), 0, std::cos(angle)});
  });
}

Corruptor scale(ImageSize size) {
  return warped_by(size, [size](RandomStream&) {
    return warp::about_center(size, {1 / 0.7, 0, 0, 1 / 0.7});
  });
}

// By 0.4 radians, either way.
Corruptor rotate(ImageSize size) {
  return warped_by(size, [size](RandomStream& random) {
    const double angle = 0.4 * random_sign(random);
    const double cosine = std::cos(angle), sine = std::sin(angle);
    return warp::about_center(size, {cosine, -sine, sine, cosine});
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
