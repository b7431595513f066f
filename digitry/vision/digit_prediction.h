#pragma once

#include <functional>
#include <vector>

#include "digitry/model_io/classifier.h"
#include "digitry/tensor/tensor.h"

// The classes of single digits, as `read_digits` needs them.

namespace digitry {

/// The answer of a classifier for one image.
struct DigitPrediction {
  std::vector<float> probabilities;  ///< One per class, at least one; their sum is 1.
  double score = 0;  ///< How certain it is that the image shows exactly one digit, in [0, 1].
  double in_distribution_score = 1;  ///< Similarity to the training images, in [0, 1].
  bool rejected = false;             ///< Probably of no class: one of the scores is too low.
};

/// Classifies images, uint8 [N,1,28,28] with ink 255 on 0 and N ≥ 1. Returns N predictions, all
/// with the same number of classes.
using DigitClassifier = std::function<std::vector<DigitPrediction>(const Tensor& images)>;

/// Classifies each image and six deformed copies of it.
///
/// Shapes: images uint8 [N,C,H,W] of the model's input shape, on background 0; N predictions.
/// The copies are turned by ±12°, sheared by ±0.25 and squeezed to 1/1.2 along either axis.
/// `probabilities` are those of the image itself. `score` is the agreement: the mean, over the
/// image and its copies, of the probability of the image's class. A digit keeps its class when it
/// is deformed a little; half a digit, or two digits, often do not. `rejected` follows the model's
/// threshold for the in-distribution score.
/// Cost: 7 · N images for the logits, N for the in-distribution scores.
/// Source: after Lakshminarayanan et al., NeurIPS 2017, sec. 3.5 (the mean probability of several
/// predictions detects unknown inputs), with deformed copies instead of several networks.
///
/// Thread-safe. Throws Error{kShapeMismatch} if the images are not of the model's input shape,
/// Error{kBadData} if a logit is not finite.
std::vector<DigitPrediction> predict_digits(const Classifier& classifier, const Tensor& images);

/// Classifies pieces of writing with a model that was trained on pieces (augment/pieces.h), whose
/// last class is "other".
///
/// Shapes: images uint8 [N,1,28,28], with the ink around them (`to_mnist_form`); N predictions.
/// `probabilities` are those of the other classes, given that it is one of them. `score` is the
/// probability that the piece is one of them; below `kLeastPieceScore` it is `rejected`.
/// Thread-safe. Throws what `Classifier::logits` throws.
std::vector<DigitPrediction> predict_pieces(const Classifier& reader, const Tensor& images);

/// At most 0.5 % of the digits of MNIST's validation images score lower.
inline constexpr double kLeastPieceScore = 0.23;

}  // namespace digitry
