#pragma once

#include <cstdint>
#include <span>

#include "digitry/evaluation/evaluate.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// What is asked of an image: why the class `answer` and not `rival`?
struct Contrast {
  std::int32_t image_index = 0;
  std::int32_t answer = 0;
  std::int32_t rival = 0;
};

/// A square of pixels that is hidden, and how far it moves from one trial to the next.
struct OcclusionPatch {
  std::int64_t size = 1;
  std::int64_t stride = 1;
};

/// A seventh of the shorter side of images [C, H, W] (4 pixels of MNIST's 28), moved by half of it.
OcclusionPatch default_patch(const Shape& image_shape);

/// Which pixels spoke for `answer`, and which for `rival`: the image is classified again and again
/// with a square patch of it hidden, and each pixel is given the mean, over the patches that cover
/// it, of what hiding the patch took from logit[answer] − logit[rival]. Positive values spoke for
/// the answer. Hidden pixels take the median of the image's border, the background, so that only
/// what differs from the background can speak.
/// Source: Zeiler, Fergus, "Visualizing and understanding convolutional networks", ECCV 2014,
/// sec. 4.2, there with one class' probability; the difference of two logits is what remains of the
/// probabilities when these two classes alone are in question.
///
/// Shapes: images uint8 [N, C, H, W], result float32 [M, H, W] for M contrasts.
/// Cost: one forward pass for each patch that hides something: for MNIST some 100 an image.
/// Throws Error{kShapeMismatch} where the images are not the network's, Error{kInvalidArgument}
/// where an image, a class or the patch is out of range.
Tensor occlusion_maps(const LogitsOf& logits_of, const Tensor& images,
                      std::span<const Contrast> contrasts, const OcclusionPatch& patch);

}  // namespace digitry
