#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "digitry/model_io/model.h"
#include "digitry/nn/hidden_layer.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Tells how like the images that a model was trained on others are.
///
/// Of one network: the cosine of the angle between what its last layer sees of an image and the
/// nearest of its prototypes, 0 where that is negative; of several, the mean. A softmax is sure of
/// much that a network has never seen, as only differences between logits count for it; what lies
/// far from everything known lies far whatever the logits are.
/// Source: Sun, Ming, Zhu, Li, "Out-of-distribution detection with deep nearest neighbors", ICML
/// 2022, with prototypes (evaluation/prototypes.h) in the place of all training images.
class Familiarity {
 public:
  /// Takes a copy of the parameters. At most `batch_size` images are computed at a time. Throws
  /// what Predictor's constructor throws.
  explicit Familiarity(const Model& model, std::int64_t batch_size = 500);

  /// N numbers in [0, 1] for images uint8 or float32 [N, C, H, W]; all 1 where a network has no
  /// prototypes. Throws Error{kShapeMismatch} where they are not of the model's input shape.
  std::vector<double> scores(const Tensor& images);

 private:
  struct Known {
    Known(const Member& member, Preprocessing preprocessing, std::int64_t batch_size);
    HiddenLayer hidden;
    Tensor prototypes;  // rows of length 1
  };
  // A deque, as they stay where they are. Empty where a network has no prototypes.
  std::deque<Known> known_;
};

}  // namespace digitry
