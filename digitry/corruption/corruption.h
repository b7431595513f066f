#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// The corruptions of MNIST-C, by which a classifier's robustness is compared.
/// Source: Mu, Gilmer, "MNIST-C: a robustness benchmark for computer vision", arXiv 1906.02337,
/// 2019. docs/robustness.md says how each is made, how strong, and where ours may differ.
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

/// All fifteen, in the paper's order.
std::span<const Corruption> all_corruptions();

/// The name in the published data set: "shot_noise".
const char* to_string(Corruption corruption);

/// The corruption of that name; none where there is no such one.
std::optional<Corruption> find_corruption(std::string_view name);

/// Corrupts images[image_indices[i]] (uint8 [N, C, H, W], ink light on dark) into image i of the
/// result, of the same type. Lengths in pixels, made for 28×28, scale with the image's sides; all
/// channels of an image are corrupted alike.
///
/// What becomes of an image is a function of (seed, corruption, image index, pixels) alone: neither
/// of the batch nor of its order nor of the number of threads.
/// Cost: 0.3 to 30 ns a pixel of one core. Throws Error{kShapeMismatch} where the images are not
/// uint8 [N, C, H, W] with sides of at least 1; indices are not checked.
Tensor corrupt_images(const Tensor& images, std::span<const std::int32_t> image_indices,
                      Corruption corruption, std::uint64_t seed);

/// The same of all images.
Tensor corrupt_images(const Tensor& images, Corruption corruption, std::uint64_t seed);

}  // namespace digitry
