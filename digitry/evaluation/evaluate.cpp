#include "digitry/evaluation/evaluate.h"

#include <cstdint>
#include <span>

#include "digitry/base/error.h"

namespace digitry {

Evaluation evaluate(const Classifier& classifier, const Dataset& data) {
  const Model& model = classifier.model();
  if (!data.labelled())
    throw Error(ErrorCode::kBadData, "{}: these images have no labels to evaluate the model by",
                data.name);
  if (data.num_classes() != model.members.front().network.num_classes())
    throw Error(ErrorCode::kBadData, "{}: expected images of {} classes, as the model has, got {}",
                data.name, model.members.front().network.num_classes(), data.num_classes());
  return evaluate_logits(classifier.logits(data.images), data.labels, model.class_names,
                         static_cast<double>(model.temperature));
}

Evaluation evaluate(const Model& model, const Dataset& data) {
  return evaluate(Classifier(model), data);
}

LogitsOf logits_by(const Classifier& classifier) {
  return [&](const Tensor& images, std::span<const std::int32_t> image_indices) {
    return classifier.logits(images, image_indices);
  };
}

}  // namespace digitry
