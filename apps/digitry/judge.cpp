#include "apps/digitry/judge.h"

#include <chrono>

#include "digitry/evaluation/evaluation_text.h"
#include "digitry/model_io/classifier.h"

namespace digitry::app {

std::string training_data(const Model& model) {
  const auto trained_on = model.provenance.find("data");
  return trained_on != model.provenance.end() ? trained_on->second : "mnist";
}

Judged judge(const Model& model, const JudgedImages& images) {
  const Dataset& data = images.data;
  Classifier classifier(model);
  const auto start = std::chrono::steady_clock::now();
  const Tensor logits = classifier.logits(data.images);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  return {.split = images.split,
          .data_sha256 = data.sha256,
          .evaluation = evaluate_logits(logits, data.labels, model.class_names, model.temperature),
          .seconds = taken.count()};
}

std::string evaluation_text(const Judged& judged, std::size_t max_mistakes,
                            std::span<const std::vector<Neighbour>> nearest) {
  const Evaluation& evaluation = judged.evaluation;
  return summary_text(evaluation, judged.split) + class_table_text(evaluation) +
         confusion_text(evaluation) + mistakes_text(evaluation, max_mistakes, nearest) +
         suspected_labels_text(evaluation, max_mistakes);
}

}  // namespace digitry::app
