#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/nn/predictor.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// What a model says of images, and whether they are of the kind that it was trained on.
struct Recognition {
  Tensor probabilities;  ///< float32 [N, num_classes], softmax(logits / temperature).
  /// N numbers in [0, 1]: how much the model stays with its class when the image is bent a little.
  std::vector<double> scores;
};

/// The share of images like those trained on that `fit_refusal_threshold` lets be refused.
inline constexpr double kRefusedShare = 0.005;

/// What counts as known where a model file does not say: recipes' own thresholds lie around it.
inline constexpr double kDefaultRefusalThreshold = 0.8;

/// Runs a network over images and over bent copies of them.
///
/// The score of an image is the mean of the probability of its class over `kNumViews` views: the
/// image itself, turned by ±12°, sheared, squeezed along either axis. An image of the kind that was
/// trained on keeps its class; what only happens to lie on a class's side of a boundary does not.
/// It needs nothing but the network, so that any model file can refuse. After: Lakshminarayanan et
/// al., NeurIPS 2017, sec. 3.5 (mean probability of several predictions to tell what is unknown),
/// with views in the place of networks.
class Recognizer {
 public:
  static constexpr std::int64_t kNumViews = 7;

  /// Takes a copy of the parameters. Throws what Predictor's constructor throws.
  Recognizer(const Network& network, Preprocessing preprocessing, double temperature,
             std::int64_t batch_size = 500);

  /// Of images uint8 [N, C, H, W] on background 0. Cost: `kNumViews` predictions an image.
  /// Throws Error{kShapeMismatch} where the images are not of the network's input shape,
  /// Error{kBadData} where a logit is not finite.
  Recognition recognize(const Tensor& images);

 private:
  // Of images [begin, end), into their place.
  void recognize_some(const Tensor& images, std::int64_t begin, std::int64_t end,
                      Recognition& result);

  Predictor predictor_;
  double temperature_;
};

/// The score below which the lowest `kRefusedShare` of `scores` lie, scores of images that were not
/// trained on; `kDefaultRefusalThreshold` for fewer than 100 of them.
double fit_refusal_threshold(std::vector<double> scores);

}  // namespace digitry
