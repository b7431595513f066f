#include "apps/digitry/commands/digit_judge.h"

#include <span>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/evaluation/recognizer.h"

namespace digitry::app {

DigitClassifier make_digit_classifier(std::shared_ptr<const Classifier> classifier) {
  const Model& model = classifier->model();
  const Shape wanted{1, kMnistSide, kMnistSide};
  if (model.input_shape() != wanted)
    throw Error(
        ErrorCode::kBadData,
        "reading pictures: expected a model of images {} ([channels, height, width]), got one of "
        "{}; use --as images",
        wanted.to_string(), model.input_shape().to_string());
  const auto temperature = static_cast<double>(model.temperature);
  const auto threshold = static_cast<double>(model.rejection_threshold);
  return [=, classifier = std::move(classifier)](const Tensor& images) {
    const LogitsOf logits_of = [&](const Tensor& of, std::span<const std::int32_t> indices) {
      return classifier->logits(of, indices);
    };
    const Recognition recognition = recognize(logits_of, temperature, images);
    const std::vector<double> scores = classifier->in_distribution_scores(images);
    const auto num_classes = static_cast<std::size_t>(recognition.probabilities.shape()[1]);
    const auto probabilities = recognition.probabilities.as<float>();
    std::vector<DigitPrediction> verdicts;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto row = probabilities.subspan(i * num_classes, num_classes);
      verdicts.push_back({.probabilities = {row.begin(), row.end()},
                          .score = recognition.agreement[i],
                          .familiarity = scores[i],
                          .known = scores[i] >= threshold});
    }
    return verdicts;
  };
}

}  // namespace digitry::app
