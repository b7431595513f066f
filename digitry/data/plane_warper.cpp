#include "digitry/data/plane_warper.h"

#include <algorithm>
#include <cmath>

namespace digitry {

PlaneWarper::PlaneWarper(ImageSize size)
    : size_(size),
      padded_(static_cast<std::size_t>(warp::padded_size(size))),
      packed_(static_cast<std::size_t>(warp::packed_size(size))),
      still_(static_cast<std::size_t>(2 * size.width)) {}

void PlaneWarper::warp(const std::uint8_t* from, const warp::AffineMap& source,
                       const warp::PixelScale& pixel, float* to) {
  warp::pad(from, size_, padded_.data());
  warp::pack_squares(padded_.data(), size_, packed_.data());
  for (std::int64_t y = 0; y < size_.height; ++y)
    warp::sample_row(packed_.data(), size_, source, y, still_.data(), pixel, to + y * size_.width);
}

RoundingWarper::RoundingWarper(ImageSize size)
    : warper_(size), exact_(static_cast<std::size_t>(size.height * size.width)) {}

void RoundingWarper::warp(const std::uint8_t* from, const warp::AffineMap& source,
                          std::uint8_t* to) {
  warper_.warp(from, source, {}, exact_.data());
  std::ranges::transform(exact_, to,
                         [](float value) { return static_cast<std::uint8_t>(std::lround(value)); });
}

}  // namespace digitry
