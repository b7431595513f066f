#include "digitry/augment/augment.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <vector>

#include "digitry/augment/deformation.h"
#include "digitry/augment/intensity.h"
#include "digitry/base/error.h"
#include "digitry/base/parallel.h"

namespace digitry {
namespace {

// The smallest number of images for which starting another thread is worthwhile.
constexpr std::int64_t kAugmentedPerThread = 8;

constexpr std::array kRules{
    AugmentRule{"rotation", &AugmentOptions::rotation, 0, 180, "Degrees, in both directions"},
    AugmentRule{"translation", &AugmentOptions::translation, 0, 1000, "Pixels, in both directions"},
    AugmentRule{"zoom", &AugmentOptions::zoom, 0, 0.9, "Fraction, for each side independently"},
    AugmentRule{"shear", &AugmentOptions::shear, 0, 60, "Degrees, in both directions"},
    AugmentRule{"flip", &AugmentOptions::flip, 0, 1, "Probability of a horizontal flip"},
    AugmentRule{"elastic", &AugmentOptions::elastic, 0, 20,
                "Pixels, standard deviation of the displacement"},
    AugmentRule{"elastic_sigma", &AugmentOptions::elastic_sigma, 1, 1000,
                "Pixels, smoothness of the elastic distortion"},
    AugmentRule{"thickness", &AugmentOptions::thickness, 0, 1,
                "Pixels by which edges of strokes move"},
    AugmentRule{"erase", &AugmentOptions::erase, 0, 1, "Probability that a rectangle is erased"},
    AugmentRule{"erase_area", &AugmentOptions::erase_area, 0.001, 1,
                "Fraction, the largest part of an image that is erased"},
    AugmentRule{"erase_ink", &AugmentOptions::erase_ink, 0, 1,
                "The largest ink in the erased rectangle; 1 is full ink"},
    AugmentRule{"clutter", &AugmentOptions::clutter, 0, 100,
                "The largest number of pieces of ink that are copied elsewhere"},
    AugmentRule{"filter", &AugmentOptions::filter, 0, 1,
                "Probability of a convolution with random weights"},
    AugmentRule{"filter_size", &AugmentOptions::filter_size, 3, 31,
                "Pixels, the largest side of the window of that convolution"},
    AugmentRule{"blur", &AugmentOptions::blur, 0, 20,
                "Pixels, the largest standard deviation of a Gaussian blur"},
    AugmentRule{"background", &AugmentOptions::background, 0, 1,
                "The largest light of the paper; 1 is the light of full ink"},
    AugmentRule{"contrast", &AugmentOptions::contrast, 0, 1,
                "Fraction, the largest loss of contrast"},
    AugmentRule{"invert", &AugmentOptions::invert, 0, 1,
                "Probability that light and dark are exchanged"},
    AugmentRule{"noise", &AugmentOptions::noise, 0, 10,
                "The largest standard deviation of noise; full ink is 1"},
};

const AugmentOptions& checked(const AugmentOptions& options) {
  for (const AugmentRule& rule : kRules) {
    const double value = options.*rule.member;
    // NaN fails this test.
    if (!(value >= rule.low && value <= rule.high))
      throw Error(ErrorCode::kInvalidArgument, "augmentation: '{}': expected {} to {}, got {}",
                  rule.key, rule.low, rule.high, value);
  }
  return options;
}

const Shape& checked(const Shape& image_shape) {
  if (image_shape.rank() != 3 || image_shape.num_elements() == 0)
    throw Error(ErrorCode::kShapeMismatch,
                "augmentation: expected images [C,H,W], each extent at least 1, got {}",
                image_shape.to_string());
  return image_shape;
}

ImageSize size_of(const Shape& image_shape) { return {image_shape[1], image_shape[2]}; }

std::size_t count(std::int64_t size) { return static_cast<std::size_t>(size); }

void erase(const ErasedRectangle& erased, std::int64_t width, float filled_with, float* to) {
  for (std::int64_t y = erased.top; y < erased.top + erased.height; ++y)
    std::fill_n(to + y * width + erased.left, erased.width, filled_with);
}

float scaled(float ink, const warp::PixelScale& pixel) {
  return 255 * ink * pixel.scale + pixel.offset;
}

}  // namespace

bool AugmentOptions::any() const {
  return rotation > 0 || translation > 0 || zoom > 0 || shear > 0 || flip > 0 || elastic > 0 ||
         thickness > 0 || erase > 0 || clutter > 0 || filter > 0 || blur > 0 || background > 0 ||
         contrast > 0 || invert > 0 || noise > 0;
}

std::span<const AugmentRule> augment_rules() { return kRules; }

AugmentOptions read_augment_options(const Attributes& options, const std::string& where) {
  AugmentOptions result;
  AttributeReader reader(options, where);
  for (const AugmentRule& rule : kRules)
    result.*rule.member = reader.number(rule.key, rule.low, rule.high, result.*rule.member);
  reader.finish();
  return result;
}

Attributes to_attributes(const AugmentOptions& options) {
  Attributes result;
  for (const AugmentRule& rule : kRules)
    if (options.*rule.member != AugmentOptions().*rule.member)
      result[rule.key] = options.*rule.member;
  return result;
}

// The scratch memory of one thread, which augments one image after another.
class Augmenter::Workspace {
 public:
  Workspace(const Augmenter& augmenter, const ElasticGrid& elastic_grid)
      : of_(augmenter),
        elastic_grid_(elastic_grid),
        size_(size_of(augmenter.image_shape_)),
        padded_(count(warp::padded_size(size_))),
        thickened_(padded_.size()),
        packed_(count(warp::packed_size(size_))),
        knots_(count(elastic_grid.num_values())),
        expanded_(count(elastic_grid.num_expanded())),
        displacement_(count(2 * size_.width)),
        intensity_(augmenter.options_, size_) {}

  void augment(const std::uint8_t* image, const IntensityAugmenter::Image& which,
               const warp::PixelScale& pixel, float* to) {
    RandomStream random = augmentation_stream(which.seed, which.epoch, which.index);
    Deformation drawn = draw_deformation(of_.options_, size_, random);
    if (of_.options_.flip > 0 &&
        which.stream(RandomPurpose::kFlip).next_float() < of_.options_.flip)
      drawn.source = warp::mirrored(drawn.source, size_);
    if (of_.options_.elastic > 0) {
      elastic_grid_.draw(random, of_.options_.elastic, knots_);
      elastic_grid_.expand(knots_, expanded_);
    }
    // Changes of intensity work on ink in [0, 1]; without them, pixels are scaled at once.
    const warp::PixelScale sampled = intensity_.any() ? kInk : pixel;
    const float filled_with = scaled(intensity_.erased_ink(which), sampled);
    const std::int64_t area = size_.height * size_.width;
    for (std::int64_t channel = 0; channel < of_.image_shape_[0]; ++channel) {
      float* plane = to + channel * area;
      load(image + channel * area, drawn.thickness);
      sample(drawn.source, sampled, plane);
      erase(drawn.erased, size_.width, filled_with, plane);
      if (!intensity_.any()) continue;
      intensity_.change(which, plane);
      for (std::int64_t i = 0; i < area; ++i) plane[i] = scaled(plane[i], pixel);
    }
  }

 private:
  static constexpr warp::PixelScale kInk{.scale = 1.0F / 255, .offset = 0};

  void load(const std::uint8_t* image, float thickness) {
    warp::pad(image, size_, padded_.data());
    const bool thickens = thickness != 0;
    if (thickens) warp::thicken(padded_.data(), size_, thickness, thickened_.data());
    warp::pack_squares(thickens ? thickened_.data() : padded_.data(), size_, packed_.data());
  }

  void sample(const warp::AffineMap& source, const warp::PixelScale& pixel, float* to) {
    for (std::int64_t y = 0; y < size_.height; ++y) {
      // The displacement stays zero if there is no elastic distortion.
      if (of_.options_.elastic > 0) elastic_grid_.displacement_row(expanded_, y, displacement_);
      warp::sample_row(packed_.data(), size_, source, y, displacement_.data(), pixel,
                       to + y * size_.width);
    }
  }

  const Augmenter& of_;
  const ElasticGrid& elastic_grid_;
  ImageSize size_;
  std::vector<std::uint8_t> padded_;
  std::vector<std::uint8_t> thickened_;
  std::vector<std::uint32_t> packed_;
  std::vector<float> knots_;
  std::vector<float> expanded_;
  std::vector<float> displacement_;
  IntensityAugmenter intensity_;
};

Augmenter::Augmenter(const AugmentOptions& options, const Shape& image_shape, std::uint64_t seed)
    : options_(checked(options)), image_shape_(checked(image_shape)), seed_(seed) {}

void Augmenter::augment_batch(const Tensor& images, std::span<const std::int32_t> image_indices,
                              std::int64_t epoch, float pixel_scale, float pixel_offset,
                              std::span<float> to) const {
  assert(epoch >= 0 && epoch < std::int64_t{1} << 24);
  const std::int64_t image_size = image_shape_.num_elements();
  if (images.shape().rank() != 4 || images.shape().without_batch() != image_shape_ ||
      std::ssize(to) != std::ssize(image_indices) * image_size)
    throw Error(
        ErrorCode::kShapeMismatch,
        "augmentation: expected images of shape {} and an output of {} values, got images {} and "
        "{} values",
        image_shape_.to_string(), std::ssize(image_indices) * image_size,
        images.shape().to_string(), to.size());
  const std::uint8_t* pixels = images.as<std::uint8_t>().data();
  const ElasticGrid elastic_grid(image_shape_[1], image_shape_[2], options_.elastic_sigma);
  const warp::PixelScale pixel{.scale = pixel_scale, .offset = pixel_offset};
  parallel_for_with(
      std::ssize(image_indices), kAugmentedPerThread,
      [&] { return Workspace(*this, elastic_grid); },
      [&](Workspace& workspace, std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int32_t index = image_indices[count(i)];
          workspace.augment(pixels + index * image_size,
                            {.seed = seed_, .epoch = epoch, .index = index}, pixel,
                            to.data() + i * image_size);
        }
      });
}

Tensor preview_augmentation(const Augmenter& augmenter, const Tensor& images,
                            std::span<const std::int32_t> image_indices, std::int64_t first_epoch,
                            std::int64_t versions) {
  const Shape image_shape = images.shape().without_batch();
  const std::size_t image_size = count(image_shape.num_elements());
  const std::int64_t num_images = std::ssize(image_indices);
  Tensor preview(image_shape.with_batch(num_images * (1 + versions)), DType::kU8);
  std::vector<float> augmented(count(num_images) * image_size);
  const auto put = [&](std::int64_t version, std::size_t i, const auto* from) {
    const std::size_t place = i * count(1 + versions) + count(version);
    std::transform(
        from, from + image_size,
        preview.as<std::uint8_t>().begin() + static_cast<std::ptrdiff_t>(place * image_size),
        [](auto value) { return static_cast<std::uint8_t>(std::lround(value)); });
  };
  for (std::size_t i = 0; i < count(num_images); ++i)
    put(0, i, images.as<std::uint8_t>().data() + count(image_indices[i]) * image_size);
  for (std::int64_t version = 1; version <= versions; ++version) {
    augmenter.augment_batch(images, image_indices, first_epoch + version - 1, 1, 0, augmented);
    for (std::size_t i = 0; i < count(num_images); ++i)
      put(version, i, augmented.data() + i * image_size);
  }
  return preview;
}

}  // namespace digitry
