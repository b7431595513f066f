#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "digitry/model_io/model.h"
#include "digitry/nn/plan/plan.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// What a model says of one image.
struct Prediction {
  std::int32_t label = 0;             ///< The likeliest class: an index into Model::class_names.
  double probability = 0;             ///< Of that class, in [0, 1].
  std::vector<double> probabilities;  ///< Of each class: calibrated, by the model's temperature.
  double in_distribution_score = 1;   ///< In [0, 1]; see Classifier::in_distribution_scores.
  bool rejected = false;  ///< The score is below the model's threshold: probably of no class.
};

struct ClassifierOptions {
  /// Images computed at a time at most; fewer if the layers' values would take much memory.
  std::int64_t max_batch_size = 500;
  Precision precision = Precision::kFloat32;
};

/// Answers for a model, whatever it is made of, from any number of threads at once.
///
/// Networks are planned for 1, 8, 32, 128 and `max_batch_size` images, each when it is first
/// needed, and once more for each thread that computes beside others. Batches of at most 32 images
/// are computed by the calling thread alone: threads would wait for each other longer than they
/// work. So the last bits of an answer depend on how many images are asked about together.
///
/// The logits of a model with one network and one view are the network's. Else they are
///   log (1/MV) Σ_m Σ_v softmax(z_mv / T_m),
/// z_mv being the logits of network m for view v and T_m its temperature: the logarithm of the mean
/// of all probabilities. Their softmax is that mean.
/// Source: averaging outputs: Hansen, Salamon, "Neural network ensembles", IEEE PAMI 12, 1990;
/// changed versions of an image: Krizhevsky, Sutskever, Hinton, NIPS 2012, sec. 4.1.
///
/// Images are uint8 or float32 [N, C, H, W], pixels 0 to 255 in either; views other than the first
/// are of pixels rounded to whole values. All functions throw Error{kShapeMismatch} if the images
/// are not of the model's input shape, and Error{kInvalidArgument} if the classifier was moved
/// from.
class Classifier {
 public:
  /// Takes a copy of the model. Throws Error{kInvalidArgument} for a batch size outside [1, 65536]
  /// and for a model that cannot be used (`check_usable`); what a plan cannot have (a precision
  /// that the processor lacks) is found by the first question.
  explicit Classifier(const Model& model, const ClassifierOptions& options = {});
  explicit Classifier(Model&& model, const ClassifierOptions& options = {});
  ~Classifier();
  Classifier(Classifier&& other) noexcept;
  Classifier& operator=(Classifier&& other) noexcept;

  const Model& model() const;

  /// float32 [N, num_classes]; to be divided by the model's temperature before the softmax.
  Tensor logits(const Tensor& images) const;
  /// The same of the images with these indices, in this order.
  Tensor logits(const Tensor& images, std::span<const std::int32_t> image_indices) const;

  /// One per image.
  std::vector<Prediction> classify(const Tensor& images) const;
  /// Of one image, [C, H, W] or [1, C, H, W]: classifier.classify_one(load_image("3.png")). A name
  /// of its own, as one image and several are both a Tensor. Throws Error{kShapeMismatch} for
  /// several.
  Prediction classify_one(const Tensor& image) const;

  /// How like the images that the model was trained on others are: N numbers in [0, 1].
  ///
  /// Of one network: the cosine of the angle between what its last layer sees of an image and the
  /// nearest of its prototypes, 0 if that is negative; of several, the mean; 1 if a network has no
  /// prototypes. A softmax is sure of much that a network has never seen, as only differences
  /// between logits count for it; what lies far from everything known lies far whatever the logits
  /// are.
  /// Source: Sun, Ming, Zhu, Li, "Out-of-distribution detection with deep nearest neighbors", ICML
  /// 2022, with prototypes (evaluation/prototypes.h) in the place of all training images.
  std::vector<double> in_distribution_scores(const Tensor& images) const;

 private:
  struct State;
  State& state() const;

  std::unique_ptr<State> state_;
};

}  // namespace digitry
