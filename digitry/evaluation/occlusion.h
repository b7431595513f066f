#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "digitry/evaluation/evaluate.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// The question about an image: why class `answer` and not `rival`?
struct Contrast {
  std::int32_t image_index = 0;
  std::int32_t answer = 0;
  std::int32_t rival = 0;
};

/// A hidden square of pixels, and the distance between neighbouring squares, both in pixels.
struct OcclusionPatch {
  std::int64_t size = 1;
  std::int64_t stride = 1;
};

/// The question about an image with these `logits` [classes], of at least two classes: the answer
/// is the class with the largest logit, and the rival the first of `asked`, `label` and the class
/// with the second largest logit that is not the answer.
Contrast contrast_of(std::int32_t image_index, std::span<const float> logits,
                     std::optional<std::int32_t> label, std::optional<std::int32_t> asked);

/// The default for images [C, H, W]: a seventh of the shorter side (4 of 28 pixels in MNIST), moved
/// by half of that.
OcclusionPatch default_patch(const Shape& image_shape);

/// Shows which pixels support `answer`, and which support `rival`. The image is classified many
/// times, each time with one square patch hidden. The value of a pixel is the mean decrease of
/// logit[answer] − logit[rival] over the patches that cover it; positive values support the answer.
/// Hidden pixels are set to the median of the image's border, the background, so that only pixels
/// that differ from the background have an effect.
/// Source: Zeiler, Fergus, "Visualizing and understanding convolutional networks", ECCV 2014,
/// sec. 4.2, who use the probability of one class. The difference of two logits is the log odds of
/// these two classes.
///
/// Shapes: images uint8 [N, C, H, W], result float32 [M, H, W] for M contrasts.
/// Cost: one forward pass for each patch that is not all background: about 100 per image for MNIST.
/// Throws Error{kShapeMismatch} if the images do not fit the network, Error{kInvalidArgument} if an
/// image index, a class or the patch is out of range.
Tensor occlusion_maps(const LogitsOf& logits_of, const Tensor& images,
                      std::span<const Contrast> contrasts, const OcclusionPatch& patch);

}  // namespace digitry
