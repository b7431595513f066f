#pragma once

#include <cstdint>
#include <vector>

#include "digitry/evaluation/logits_of.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// What a model says of images, and whether they are of the kind that it was trained on.
struct Recognition {
  Tensor probabilities;  ///< float32 [N, num_classes], softmax(logits / temperature).
  /// N numbers in [0, 1]: how much the model stays with its class when the image is bent a little.
  std::vector<double> agreement;
  /// N numbers in [0, 1]: the same of less sure probabilities, softmax(logits / (3 · temperature)),
  /// which tell how far above the others the class's logit is even where it is sure.
  std::vector<double> scores;
};

/// The share of images like those trained on that `fit_refusal_threshold` lets be refused.
inline constexpr double kRefusedShare = 0.005;

/// What counts as known where a model file does not say: recipes' own thresholds lie around it.
inline constexpr double kDefaultRefusalThreshold = 0.35;

/// In how many ways `recognize` shows each image to the model.
inline constexpr std::int64_t kNumBends = 7;

/// Asks the model of `images`, uint8 [N, C, H, W] on background 0, and of bent copies of them.
///
/// Agreement and score of an image are means of the probability of its class over the image itself
/// and copies turned by ±12°, sheared, squeezed along either axis. An image of the kind that was
/// trained on keeps its class; what only happens to lie on a class's side of a boundary does not.
/// They need nothing but the answers, so that any model file can refuse. After: Lakshminarayanan et
/// al., NeurIPS 2017, sec. 3.5 (mean probability of several predictions to tell what is unknown),
/// with bent copies in the place of networks; the score's temperature: Liang, Li, Srikant, ICLR
/// 2018, sec. 3.
///
/// Throws what `logits_of` throws, Error{kShapeMismatch} for images of another rank,
/// Error{kBadData} where a logit is not finite.
Recognition recognize(const LogitsOf& logits_of, double temperature, const Tensor& images);

/// The score below which the lowest `kRefusedShare` of `scores` lie, scores of images that were not
/// trained on; `kDefaultRefusalThreshold` for fewer than 100 of them.
double fit_refusal_threshold(std::vector<double> scores);

}  // namespace digitry
