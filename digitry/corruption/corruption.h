#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// The corruptions of MNIST-C, a benchmark of the robustness of classifiers.
/// Source: Mu, Gilmer, "MNIST-C: a robustness benchmark for computer vision", arXiv 1906.02337,
/// 2019. docs/robustness.md documents each, its strength and the differences from the original.
enum class Corruption : std::uint8_t {
  kShotNoise,
  kImpulseNoise,
  kGlassBlur,
  kMotionBlur,
  kShear,
  kScale,
  kRotate,
  kBrightness,
  kTranslate,
  kStripe,
  kFog,
  kSpatter,
  kDottedLine,
  kZigzag,
  kCannyEdges,
};

/// All fifteen, in the order of the paper.
std::span<const Corruption> all_corruptions();

/// The name in the published data set, e.g. "shot_noise".
const char* to_string(Corruption corruption);

/// The corruption of that name; nothing if there is none.
std::optional<Corruption> find_corruption(std::string_view name);

/// Corrupts images[image_indices[i]] (uint8 [N, C, H, W], light ink on dark) into image i of the
/// result, uint8 [K, C, H, W]. Lengths in pixels, which are defined for 28×28 images, scale with
/// the sides. All channels of an image are corrupted in the same way.
///
/// The result for an image is a function of (seed, corruption, image index, pixels) only; it does
/// not depend on the batch, its order or the number of threads.
/// Cost: 0.3 to 30 ns per pixel on one core. Throws Error{kShapeMismatch} if the images are not
/// uint8 [N, C, H, W] with sides of at least 1. Expects valid indices, which are not checked.
Tensor corrupt_images(const Tensor& images, std::span<const std::int32_t> image_indices,
                      Corruption corruption, std::uint64_t seed);

/// The same for all images.
Tensor corrupt_images(const Tensor& images, Corruption corruption, std::uint64_t seed);

}  // namespace digitry
