#include "apps/digitry/model_classifier.h"

#include <memory>

#include "digitry/base/error.h"
#include "digitry/evaluation/recognizer.h"

namespace digitry::app {
namespace {

// Few digits are on a page; a batch is computed whole, however few they are.
constexpr std::int64_t kDigitsAtOnce = 32;

}  // namespace

Classifier make_classifier(const Model& model) {
  const Shape wanted{1, kMnistSide, kMnistSide};
  if (model.network.input_shape() != wanted)
    throw Error(
        ErrorCode::kBadData,
        "reading pictures: want a model of images {} ([channels, height, width]), got one of "
        "{}; use --as images",
        wanted.to_string(), model.network.input_shape().to_string());
  const auto recognizer = std::make_shared<Recognizer>(model.network, model.preprocessing,
                                                       model.temperature, kDigitsAtOnce);
  const auto threshold = static_cast<double>(model.refusal_threshold);
  return [recognizer, threshold](const Tensor& images) {
    const Recognition recognition = recognizer->recognize(images);
    const auto num_classes = static_cast<std::size_t>(recognition.probabilities.shape()[1]);
    const auto probabilities = recognition.probabilities.as<float>();
    std::vector<Verdict> verdicts;
    for (std::size_t i = 0; i < recognition.scores.size(); ++i) {
      const auto row = probabilities.subspan(i * num_classes, num_classes);
      verdicts.push_back(
          {{row.begin(), row.end()}, recognition.scores[i], recognition.scores[i] >= threshold});
    }
    return verdicts;
  };
}

}  // namespace digitry::app
