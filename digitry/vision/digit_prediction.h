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
  double reader_score = 0;  ///< The part of the model `reader` in `score`; 0 if it was not used.
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

/// A piece that scores less is rejected if nothing else is known of it.
inline constexpr double kLeastPieceScore = 0.23;

/// The shipped model `reader`, which finds digits.
const Classifier& shipped_reader();

/// Whether the classes of the model are "0" to "9", so that `reader` knows them.
bool has_classes_of_digits(const Model& model);

/// The log-odds that an image is a digit, by `reader` and by a classifier together:
/// ln(p / (1 − p)) + 20 · max(s − t, −0.1), with the reader's probability p that it is one of the
/// digits, the classifier's in-distribution score s, and its rejection threshold t. If t is 0,
/// because the model has no prototypes, the second term is left out. Below `kLeastDigitLogOdds` an
/// image is rejected. docs/reading.md has the experiment that chose the constants.
double digit_log_odds(double reader_score, double in_distribution_score,
                      double rejection_threshold);
inline constexpr double kLeastDigitLogOdds = -1;

/// What the images of `add_classifier` are.
enum class PieceKind {
  kFound,  ///< Digits that were found, perhaps by a cut.
  kWhole,  ///< All ink of a picture.
};

/// Completes the reader's predictions for images by those of a classifier of the ten digits.
///
/// Shapes: images uint8 [N,1,28,28] without surroundings; N predictions of `predict_pieces`.
/// `probabilities` become the geometric means of both. Of a whole that is like the training images
/// (an in-distribution score of the threshold and 0.1), the weight of the reader is 0.1 instead of
/// 0.5: the classifier is better at these. `score` becomes the larger of the reader's and of how
/// far the in-distribution score is above 0.88, as a fraction of the rest up to 1. `rejected`
/// follows `digit_log_odds`. Thread-safe. Throws what `Classifier::classify` throws.
void add_classifier(const Classifier& classifier, const Tensor& images, PieceKind kind,
                    std::vector<DigitPrediction>& predictions);

/// The same without the probabilities, from in-distribution scores.
void add_in_distribution_score(double in_distribution_score, double rejection_threshold,
                               DigitPrediction& prediction);

}  // namespace digitry
