#include "apps/digitry/commands/evaluate_corrupted.h"

#include "apps/digitry/terminal/interrupt.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/model_io/classifier.h"

namespace digitry::app {

Robustness evaluate_corrupted(const Model& model, const EvaluationData& images,
                              const std::vector<Corruption>& corruptions, std::uint64_t seed,
                              Communicator& ranks) {
  const Classifier classifier(model);
  const Dataset& data = images.data;
  ProgressBar bar("corruptions");
  const InterruptGuard guard;
  const auto progress = [&](std::string_view name, auto done, auto total) {
    if (guard.requested()) throw Error(ErrorCode::kInterrupted, "interrupted");
    bar.update(name, done, total);
  };
  return evaluate_robustness(logits_by(classifier), data.images, data.labels, model.class_names,
                             corruptions, seed, progress, ranks);
}

}  // namespace digitry::app
