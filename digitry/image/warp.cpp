#include "digitry/image/warp.h"

#include <algorithm>
#include <cmath>

#include "digitry/base/vectorize.h"

namespace digitry::warp {
namespace {

// One line of `thicken`. `weight` is the share of the dilated or eroded pixel, out of 256.
DIGITRY_INLINE void thicken_line(const std::uint8_t* __restrict from, std::int64_t stride,
                                 std::int64_t width, bool dilate, int weight,
                                 std::uint8_t* __restrict to) {
  const std::uint8_t* above = from - stride;
  const std::uint8_t* below = from + stride;
  for (std::int64_t x = 0; x < width; ++x) {
    const int highest = std::max({from[x], from[x - 1], from[x + 1], above[x], below[x]});
    const int lowest = std::min({from[x], from[x - 1], from[x + 1], above[x], below[x]});
    const int extreme = dilate ? highest : lowest;
    to[x] = static_cast<std::uint8_t>((from[x] * (256 - weight) + extreme * weight + 128) >> 8);
  }
}

DIGITRY_INLINE void pack_line(const std::uint8_t* __restrict upper,
                              const std::uint8_t* __restrict lower, std::int64_t count,
                              std::uint32_t* __restrict packed) {
  for (std::int64_t x = 0; x < count; ++x)
    packed[x] = std::uint32_t{upper[x]} | std::uint32_t{upper[x + 1]} << 8 |
                std::uint32_t{lower[x]} << 16 | std::uint32_t{lower[x + 1]} << 24;
}

// Coordinates are those of `packed`: one more than those of the image.
struct Line {
  float ux, u0, vx, v0;
  float max_u, max_v;
  std::int32_t stride;
  float scale, offset;
};

DIGITRY_INLINE void sample_line(const std::uint32_t* __restrict packed, const Line& line,
                                const float* __restrict du, const float* __restrict dv,
                                std::int32_t width, float* __restrict to) {
  const Line l = line;
  for (std::int32_t x = 0; x < width; ++x) {
    // Clamped to the border, which is zero.
    const float u = std::min(std::max(l.ux * static_cast<float>(x) + l.u0 + du[x], 0.0F), l.max_u);
    const float v = std::min(std::max(l.vx * static_cast<float>(x) + l.v0 + dv[x], 0.0F), l.max_v);
    const auto column = static_cast<std::int32_t>(u);
    const auto row = static_cast<std::int32_t>(v);
    const float right = u - static_cast<float>(column);
    const float down = v - static_cast<float>(row);
    const auto square = static_cast<std::int32_t>(packed[row * l.stride + column]);
    const auto a = static_cast<float>(square & 0xFF);
    const auto b = static_cast<float>(square >> 8 & 0xFF);
    const auto c = static_cast<float>(square >> 16 & 0xFF);
    const auto d = static_cast<float>(square >> 24 & 0xFF);
    const float upper = a + right * (b - a);
    const float lower = c + right * (d - c);
    to[x] = (upper + down * (lower - upper)) * l.scale + l.offset;
  }
}

}  // namespace

AffineMap about_center(ImageSize size, const LinearMap& map, double move_x, double move_y) {
  const double center_x = static_cast<double>(size.width - 1) / 2;
  const double center_y = static_cast<double>(size.height - 1) / 2;
  const double from_x = center_x + move_x, from_y = center_y + move_y;
  return {.ux = static_cast<float>(map.ux),
          .uy = static_cast<float>(map.uy),
          .u0 = static_cast<float>(center_x - map.ux * from_x - map.uy * from_y),
          .vx = static_cast<float>(map.vx),
          .vy = static_cast<float>(map.vy),
          .v0 = static_cast<float>(center_y - map.vx * from_x - map.vy * from_y)};
}

AffineMap mirrored(const AffineMap& map, ImageSize size) {
  AffineMap result = map;
  result.ux = -map.ux;
  result.uy = -map.uy;
  result.u0 = static_cast<float>(size.width - 1) - map.u0;
  return result;
}

void pad(const std::uint8_t* image, ImageSize size, std::uint8_t* padded) {
  for (std::int64_t y = 0; y < size.height; ++y)
    std::copy_n(image + y * size.width, size.width, padded + (y + 1) * (size.width + 3) + 1);
}

void thicken(const std::uint8_t* padded, ImageSize size, float amount, std::uint8_t* result) {
  const std::int64_t stride = size.width + 3;
  const auto weight = static_cast<int>(std::lround(256 * std::fabs(amount)));
  for (std::int64_t y = 0; y < size.height; ++y) {
    const std::int64_t start = (y + 1) * stride + 1;
    vectorized<thicken_line>(padded + start, stride, size.width, amount > 0, weight,
                             result + start);
  }
}

void pack_squares(const std::uint8_t* padded, ImageSize size, std::uint32_t* packed) {
  const std::int64_t stride = size.width + 3;
  for (std::int64_t y = 0; y < size.height + 2; ++y)
    vectorized<pack_line>(padded + y * stride, padded + (y + 1) * stride, size.width + 2,
                          packed + y * (size.width + 2));
}

void sample_row(const std::uint32_t* packed, ImageSize size, const AffineMap& map, std::int64_t y,
                const float* displacement, const PixelScale& pixel, float* to) {
  const auto row = static_cast<float>(y);
  const Line line{.ux = map.ux,
                  .u0 = map.uy * row + map.u0 + 1,
                  .vx = map.vx,
                  .v0 = map.vy * row + map.v0 + 1,
                  .max_u = static_cast<float>(size.width + 1),
                  .max_v = static_cast<float>(size.height + 1),
                  .stride = static_cast<std::int32_t>(size.width + 2),
                  .scale = pixel.scale,
                  .offset = pixel.offset};
  vectorized<sample_line>(packed, line, displacement, displacement + size.width,
                          static_cast<std::int32_t>(size.width), to);
}

}  // namespace digitry::warp

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
