#include "apps/digitry/digit_judge.h"

#include <memory>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/evaluation/recognizer.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/familiarity.h"

namespace digitry::app {
namespace {

// Few digits are on a page; a batch is computed whole, however few they are.
constexpr std::int64_t kDigitsAtOnce = 32;

}  // namespace

DigitJudge make_digit_judge(const Model& model) {
  const auto classifier = std::make_shared<Classifier>(model, kDigitsAtOnce);
  const auto familiarity = std::make_shared<Familiarity>(model, kDigitsAtOnce);
  return make_digit_judge(
      model,
      [classifier](const Tensor& images, std::span<const std::int32_t> image_indices) {
        return classifier->logits(images, image_indices);
      },
      [familiarity](const Tensor& images) { return familiarity->scores(images); });
}

DigitJudge make_digit_judge(const Model& model, LogitsOf logits_of, FamiliarityOf familiarity_of) {
  const Shape wanted{1, kMnistSide, kMnistSide};
  if (model.input_shape() != wanted)
    throw Error(
        ErrorCode::kBadData,
        "reading pictures: want a model of images {} ([channels, height, width]), got one of "
        "{}; use --as images",
        wanted.to_string(), model.input_shape().to_string());
  const auto temperature = static_cast<double>(model.temperature);
  const auto threshold = static_cast<double>(model.refusal_threshold);
  return [=, logits_of = std::move(logits_of),
          familiarity_of = std::move(familiarity_of)](const Tensor& images) {
    const Recognition recognition = recognize(logits_of, temperature, images);
    const std::vector<double> familiarity = familiarity_of(images);
    const auto num_classes = static_cast<std::size_t>(recognition.probabilities.shape()[1]);
    const auto probabilities = recognition.probabilities.as<float>();
    std::vector<Verdict> verdicts;
    for (std::size_t i = 0; i < familiarity.size(); ++i) {
      const auto row = probabilities.subspan(i * num_classes, num_classes);
      verdicts.push_back({.probabilities = {row.begin(), row.end()},
                          .score = recognition.agreement[i],
                          .familiarity = familiarity[i],
                          .known = familiarity[i] >= threshold});
    }
    return verdicts;
  };
}

}  // namespace digitry::app
