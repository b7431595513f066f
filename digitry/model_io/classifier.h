#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "digitry/data/views.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/predictor.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Runs a model over images, whatever it is made of.
///
/// Of a model with one network and one view the logits are the network's. Else they are
///   log (1/MV) Σ_m Σ_v softmax(z_mv / T_m),
/// z_mv being what network m says of view v and T_m its temperature: the logarithm of the mean of
/// all probabilities. Their softmax is that mean.
/// Source: averaging outputs: Hansen, Salamon, "Neural network ensembles", IEEE PAMI 12, 1990;
/// changed versions of an image: Krizhevsky, Sutskever, Hinton, NIPS 2012, sec. 4.1.
class Classifier {
 public:
  /// Takes a copy of the parameters. At most `batch_size` images are computed at a time. Throws
  /// what Predictor's constructor throws.
  explicit Classifier(const Model& model, std::int64_t batch_size = 500,
                      Precision precision = Precision::kFloat32);

  /// Logits, float32 [N, num_classes], of images uint8 [N, C, H, W]; to be divided by the model's
  /// temperature before the softmax.
  /// Throws Error{kShapeMismatch} where the images are not of the model's input shape.
  Tensor logits(const Tensor& images);

  /// The same of the images with these indices, in this order.
  Tensor logits(const Tensor& images, std::span<const std::int32_t> image_indices);

 private:
  void check_shape(const Tensor& images) const;
  void add_probabilities(const Tensor& images, std::vector<double>& sums);

  Shape input_shape_;
  std::int64_t num_classes_;
  Views views_;
  std::deque<Predictor> predictors_;  // A deque, as they stay where they are.
  std::vector<float> temperatures_;
};

}  // namespace digitry
