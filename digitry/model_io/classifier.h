#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "digitry/model_io/model.h"
#include "digitry/nn/plan/plan.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// A model's prediction for one image.
struct Prediction {
  std::int32_t label = 0;  ///< The most probable class: an index into Model::class_names.
  double probability = 0;  ///< Of that class, in [0, 1].
  std::vector<double> probabilities;  ///< Of each class, calibrated with the model's temperature.
  double in_distribution_score = 1;   ///< In [0, 1]; see Classifier::in_distribution_scores.
  bool rejected = false;              ///< Whether the model rejects an image of this score.
};

struct ClassifierOptions {
  /// Largest batch that is computed at a time; smaller if the layers' values would take much
  /// memory.
  std::int64_t max_batch_size = 500;
  Precision precision = Precision::kFloat32;
};

/// Classifies images with a model of one or more networks. Thread-safe.
///
/// Networks are planned for batches of 1, 8, 32, 128 and `max_batch_size` images. Each plan is made
/// on first use, once per thread that uses the classifier at the same time. Up to 32 images run on
/// the calling thread, and all if `max_batch_size` is at most 32. More are shared among
/// `num_threads()` threads by whole batches: no thread waits for another one within a network. The
/// last bits of a result therefore depend on the number of images per call and of threads.
///
/// The logits of a model with one network and one view are those of the network. For M networks and
/// V views (test-time augmentation) they are
///   log (1/MV) Σ_m Σ_v softmax(z_mv / T_m),
/// where z_mv are the logits of network m for view v and T_m is its temperature: the logarithm of
/// the mean of all probabilities. Their softmax is that mean.
/// Sources: averaging outputs: Hansen, Salamon, "Neural network ensembles", IEEE PAMI 12, 1990;
/// test-time augmentation: Krizhevsky, Sutskever, Hinton, NIPS 2012, sec. 4.1.
///
/// Images are uint8 or float32 [N, C, H, W], with pixels of 0 to 255 in both. Views other than the
/// first are made from pixels rounded to integers. All functions throw Error{kShapeMismatch} if the
/// images do not have the model's input shape, and Error{kInvalidArgument} if the classifier was
/// moved from.
class Classifier {
 public:
  /// Copies or moves the model. Throws Error{kInvalidArgument} if the batch size is outside [1,
  /// 65536] or the model is not usable (`check_usable`). Plans are made later: the first use throws
  /// if the processor lacks the precision.
  explicit Classifier(const Model& model, const ClassifierOptions& options = {});
  explicit Classifier(Model&& model, const ClassifierOptions& options = {});
  ~Classifier();
  Classifier(Classifier&& other) noexcept;
  Classifier& operator=(Classifier&& other) noexcept;

  const Model& model() const;

  /// Logits, float32 [N, num_classes]. Divide them by the model's temperature before the softmax.
  Tensor logits(const Tensor& images) const;
  /// The same for the images with these indices, in this order.
  Tensor logits(const Tensor& images, std::span<const std::int32_t> image_indices) const;

  /// One prediction per image.
  std::vector<Prediction> classify(const Tensor& images) const;
  /// The prediction for one image, [C, H, W] or [1, C, H, W]:
  /// classifier.classify_one(load_image("3.png")). Throws Error{kShapeMismatch} for several images.
  Prediction classify_one(const Tensor& image) const;

  /// Features, float32 [N, F]: the input of the last layer with weights, in a model of several
  /// networks that of the first. Images that look alike to the network have features that are near
  /// each other. They are computed in float32, of the unchanged image only.
  Tensor features(const Tensor& images) const;
  /// The same for the images with these indices, in this order.
  Tensor features(const Tensor& images, std::span<const std::int32_t> image_indices) const;

  /// How similar images are to those that the model was trained on: N numbers in [0, 1].
  ///
  /// For one network, the score is the cosine of the angle between the features of an image (the
  /// input of the last layer) and the nearest prototype, or 0 if that is negative. For several
  /// networks it is the mean; it is 1 if a network has no prototypes. A blank image, whose pixels
  /// differ by less than 16 of 255, scores 0. A softmax can be confident about images that differ
  /// from all training images, because it depends on differences between logits only; the distance
  /// to the prototypes does not.
  /// Source: Sun, Ming, Zhu, Li, "Out-of-distribution detection with deep nearest neighbors", ICML
  /// 2022, with prototypes (evaluation/prototypes.h) instead of all training images.
  std::vector<double> in_distribution_scores(const Tensor& images) const;

 private:
  struct State;
  State& state() const;

  std::unique_ptr<State> state_;
};

}  // namespace digitry
