#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "digitry/augment/augment.h"
#include "digitry/augment/deformation.h"

// Augmentation in plain loops, in double precision, one pixel at a time. The random numbers are
// those of the library; everything computed from them is implemented independently.

namespace digitry::test {

/// One channel.
struct PlainImage {
  ImageSize size;
  std::vector<double> pixels;

  double at(std::int64_t x, std::int64_t y) const {
    const bool inside = x >= 0 && y >= 0 && x < size.width && y < size.height;
    return inside ? pixels[static_cast<std::size_t>(y * size.width + x)] : 0;
  }
  double bilinear(double x, double y) const {
    const auto left = static_cast<std::int64_t>(std::floor(x));
    const auto top = static_cast<std::int64_t>(std::floor(y));
    const double right = x - static_cast<double>(left), down = y - static_cast<double>(top);
    return (1 - down) * ((1 - right) * at(left, top) + right * at(left + 1, top)) +
           down * ((1 - right) * at(left, top + 1) + right * at(left + 1, top + 1));
  }
};

inline PlainImage thickened(const PlainImage& image, double amount) {
  PlainImage result = image;
  const double weight = std::round(256 * std::fabs(amount)) / 256;
  for (std::int64_t y = 0; y < image.size.height; ++y)
    for (std::int64_t x = 0; x < image.size.width; ++x) {
      const auto cross = {image.at(x, y), image.at(x - 1, y), image.at(x + 1, y),
                          image.at(x, y - 1), image.at(x, y + 1)};
      const double extreme = amount > 0 ? std::max(cross) : std::min(cross);
      result.pixels[static_cast<std::size_t>(y * image.size.width + x)] =
          std::floor((1 - weight) * image.at(x, y) + weight * extreme + 0.5);
    }
  return result;
}

/// The displacements along x and y, each as a sum over all knots.
class PlainElasticField {
 public:
  PlainElasticField(ImageSize size, double sigma, std::vector<float> values)
      : spacing_(std::sqrt(3.0) * sigma),
        rows_(num_knots(size.height)),
        columns_(num_knots(size.width)),
        values_(std::move(values)) {}

  std::int64_t num_values() const { return 2 * rows_ * columns_; }

  double displacement(std::int64_t axis, std::int64_t x, std::int64_t y) const {
    double sum = 0;
    for (std::int64_t row = 0; row < rows_; ++row)
      for (std::int64_t column = 0; column < columns_; ++column)
        sum += cubic(static_cast<double>(x) / spacing_ - static_cast<double>(column - 1)) *
               cubic(static_cast<double>(y) / spacing_ - static_cast<double>(row - 1)) *
               values_[static_cast<std::size_t>((row * 2 + axis) * columns_ + column)];
    return sum;
  }

 private:
  std::int64_t num_knots(std::int64_t length) const {
    return static_cast<std::int64_t>(std::floor(static_cast<double>(length - 1) / spacing_)) + 4;
  }
  static double cubic(double t) {
    t = std::fabs(t);
    if (t >= 2) return 0;
    return t >= 1 ? (2 - t) * (2 - t) * (2 - t) / 6 : 2.0 / 3 - t * t + t * t * t / 2;
  }

  double spacing_;
  std::int64_t rows_;
  std::int64_t columns_;
  std::vector<float> values_;
};

inline std::vector<double> plainly_augmented(const AugmentOptions& options, std::uint64_t seed,
                                             std::int64_t epoch, const Tensor& images,
                                             std::int32_t image_index) {
  const Shape shape = images.shape().without_batch();
  const ImageSize size{shape[1], shape[2]};
  RandomStream random = augmentation_stream(seed, epoch, image_index);
  const Deformation drawn = draw_deformation(options, size, random);
  const ElasticGrid grid(size.height, size.width, options.elastic_sigma);
  std::vector<float> values(static_cast<std::size_t>(grid.num_values()));
  if (options.elastic > 0) grid.draw(random, options.elastic, values);
  const PlainElasticField field(size, options.elastic_sigma, values);

  std::vector<double> result;
  const std::uint8_t* pixels =
      images.as<std::uint8_t>().data() + image_index * shape.num_elements();
  for (std::int64_t channel = 0; channel < shape[0]; ++channel) {
    const std::uint8_t* from = pixels + channel * size.height * size.width;
    const PlainImage image =
        thickened({size, {from, from + size.height * size.width}}, drawn.thickness);
    for (std::int64_t y = 0; y < size.height; ++y)
      for (std::int64_t x = 0; x < size.width; ++x) {
        const warp::AffineMap& map = drawn.source;
        const auto column = static_cast<double>(x), row = static_cast<double>(y);
        const double u = map.ux * column + map.uy * row + map.u0 + field.displacement(0, x, y);
        const double v = map.vx * column + map.vy * row + map.v0 + field.displacement(1, x, y);
        const ErasedRectangle& hole = drawn.erased;
        const bool erased = y >= hole.top && y < hole.top + hole.height && x >= hole.left &&
                            x < hole.left + hole.width;
        result.push_back(erased ? 0 : image.bilinear(u, v));
      }
  }
  return result;
}

}  // namespace digitry::test
