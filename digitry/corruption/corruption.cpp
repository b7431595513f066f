#include "digitry/corruption/corruption.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/corruption/corruptors.h"

namespace digitry {
namespace {

// The smallest number of images for which starting another thread is worthwhile.
constexpr std::int64_t kCorruptedPerThread = 32;

struct KnownCorruption {
  Corruption corruption;
  const char* name;
  corruptors::Corruptor (*make)(ImageSize size);
};

// In the order of the enumeration.
constexpr std::array kKnown{
    KnownCorruption{Corruption::kShotNoise, "shot_noise", corruptors::shot_noise},
    KnownCorruption{Corruption::kImpulseNoise, "impulse_noise", corruptors::impulse_noise},
    KnownCorruption{Corruption::kGlassBlur, "glass_blur", corruptors::glass_blur},
    KnownCorruption{Corruption::kMotionBlur, "motion_blur", corruptors::motion_blur},
    KnownCorruption{Corruption::kShear, "shear", corruptors::shear},
    KnownCorruption{Corruption::kScale, "scale", corruptors::scale},
    KnownCorruption{Corruption::kRotate, "rotate", corruptors::rotate},
    KnownCorruption{Corruption::kBrightness, "brightness", corruptors::brightness},
    KnownCorruption{Corruption::kTranslate, "translate", corruptors::translate},
    KnownCorruption{Corruption::kStripe, "stripe", corruptors::stripe},
    KnownCorruption{Corruption::kFog, "fog", corruptors::fog},
    KnownCorruption{Corruption::kSpatter, "spatter", corruptors::spatter},
    KnownCorruption{Corruption::kDottedLine, "dotted_line", corruptors::dotted_line},
    KnownCorruption{Corruption::kZigzag, "zigzag", corruptors::zigzag},
    KnownCorruption{Corruption::kCannyEdges, "canny_edges", corruptors::canny_edges},
};

constexpr auto kAllCorruptions = [] {
  std::array<Corruption, kKnown.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = kKnown[i].corruption;
  return all;
}();

const KnownCorruption& entry_of(Corruption corruption) {
  return kKnown[static_cast<std::size_t>(corruption)];
}

std::uint8_t to_pixel(float ink) {
  // NaN becomes 0.
  return static_cast<std::uint8_t>(std::lrint((ink > 0 ? std::min(ink, 1.0F) : 0.0F) * 255));
}

void check_images(const Tensor& images) {
  const Shape& shape = images.shape();
  if (shape.rank() != 4 || images.dtype() != DType::kU8 ||
      shape.without_batch().num_elements() == 0)
    throw Error(ErrorCode::kShapeMismatch,
                "corrupt_images: expected u8 images [N,C,H,W], each side at least 1, got {} {}",
                to_string(images.dtype()), shape.to_string());
}

// The scratch memory of one thread, which corrupts one image after another.
class ImageCorruptor {
 public:
  ImageCorruptor(const KnownCorruption& what, const Shape& image_shape)
      : corrupt_(what.make({image_shape[1], image_shape[2]})),
        num_channels_(image_shape[0]),
        ink_(static_cast<std::size_t>(image_shape[1] * image_shape[2])) {}

  void corrupt(const std::uint8_t* from, const RandomStream& random, std::uint8_t* to) {
    const std::int64_t area = std::ssize(ink_);
    for (std::int64_t channel = 0; channel < num_channels_; ++channel) {
      RandomStream same_in_each = random;
      corrupt_(from + channel * area, same_in_each, ink_.data());
      std::ranges::transform(ink_, to + channel * area, to_pixel);
    }
  }

 private:
  corruptors::Corruptor corrupt_;
  std::int64_t num_channels_;
  std::vector<float> ink_;
};

}  // namespace

std::span<const Corruption> all_corruptions() { return kAllCorruptions; }

const char* to_string(Corruption corruption) { return entry_of(corruption).name; }

std::optional<Corruption> find_corruption(std::string_view name) {
  for (const KnownCorruption& each : kKnown)
    if (name == each.name) return each.corruption;
  return std::nullopt;
}

Tensor corrupt_images(const Tensor& images, std::span<const std::int32_t> image_indices,
                      Corruption corruption, std::uint64_t seed) {
  check_images(images);
  const Shape image_shape = images.shape().without_batch();
  const std::int64_t image_size = image_shape.num_elements();
  const std::int64_t num_images = std::ssize(image_indices);
  Tensor corrupted(image_shape.with_batch(num_images), DType::kU8);
  const std::uint8_t* from = images.as<std::uint8_t>().data();
  std::uint8_t* to = corrupted.as<std::uint8_t>().data();
  const KnownCorruption& what = entry_of(corruption);
  parallel_for_with(
      num_images, kCorruptedPerThread, [&] { return ImageCorruptor(what, image_shape); },
      [&](ImageCorruptor& corruptor, std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int32_t index = image_indices[static_cast<std::size_t>(i)];
          const RandomStream random(seed, RandomPurpose::kCorruption,
                                    static_cast<std::uint32_t>(index),
                                    static_cast<std::uint32_t>(corruption));
          corruptor.corrupt(from + index * image_size, random, to + i * image_size);
        }
      });
  return corrupted;
}

Tensor corrupt_images(const Tensor& images, Corruption corruption, std::uint64_t seed) {
  check_images(images);
  std::vector<std::int32_t> all(static_cast<std::size_t>(images.shape()[0]));
  std::iota(all.begin(), all.end(), 0);
  return corrupt_images(images, all, corruption, seed);
}

}  // namespace digitry
