#pragma once

#include <cstdint>
#include <vector>

#include "digitry/evaluation/evaluate.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// What a model says of images, and how sure it is.
struct Recognition {
  Tensor probabilities;  ///< float32 [N, num_classes], softmax(logits / temperature).
  /// N numbers in [0, 1]: how much the model stays with its class when the image is bent a little.
  std::vector<double> agreement;
};

/// In how many ways `recognize` shows each image to the model.
inline constexpr std::int64_t kNumBends = 7;

/// Asks the model of `images`, uint8 [N, C, H, W] on background 0, and of bent copies of them.
///
/// The agreement on an image is the mean probability of its class over the image itself and copies
/// turned by ±12°, sheared, squeezed along either axis. A digit keeps its class; what only happens
/// to lie on a class's side of a boundary, as half a digit or two may, does not.
/// After: Lakshminarayanan et al., NeurIPS 2017, sec. 3.5 (mean probability of several predictions
/// to tell what is unknown), with bent copies in the place of networks.
///
/// Throws what `logits_of` throws, Error{kShapeMismatch} for images of another rank,
/// Error{kBadData} where a logit is not finite.
Recognition recognize(const LogitsOf& logits_of, double temperature, const Tensor& images);

}  // namespace digitry
