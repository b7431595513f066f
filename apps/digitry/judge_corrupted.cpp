#include "apps/digitry/judge_corrupted.h"

#include <fmt/format.h>

#include "apps/digitry/interrupt.h"
#include "apps/digitry/judge.h"
#include "apps/digitry/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/text.h"
#include "digitry/evaluation/evaluate.h"

namespace digitry::app {
namespace {

std::string score_row(const std::string& name, const Score& score, std::int64_t num_images) {
  return fmt::format("{:<18}{:>8} %{:>18} %{:>10}\n", name, percent_number(score.accuracy, 2),
                     fmt::format("{}-{}", percent_number(score.accuracy_95.low, 2),
                                 percent_number(score.accuracy_95.high, 2)),
                     grouped(num_images - score.num_correct));
}

}  // namespace

Robustness judge_corrupted(const Model& model, const JudgedImages& images,
                           const std::vector<Corruption>& corruptions, std::uint64_t seed) {
  Classifier classifier(model);
  const Dataset& data = images.data;
  ProgressBar bar("corruptions");
  const InterruptGuard guard;
  return evaluate_robustness(logits_by(classifier), data.images, data.labels, model.class_names,
                             corruptions, seed, [&](std::string_view name, auto done, auto total) {
                               if (guard.requested())
                                 throw Error(ErrorCode::kInterrupted, "interrupted");
                               bar.update(name, done, total);
                             });
}

std::string robustness_text(const Robustness& robustness, const std::string& split) {
  std::string text =
      fmt::format("{} {} images\n\n{:<18}{:>10}{:>20}{:>10}\n", grouped(robustness.num_images),
                  split, "corruption", "accuracy", "95 % interval", "mistakes");
  text += score_row("none", robustness.clean, robustness.num_images);
  for (const CorruptedScore& each : robustness.corrupted)
    text += score_row(to_string(each.corruption), each.score, robustness.num_images);
  text += fmt::format("{:<18}{:>8} %\n", fmt::format("mean of {}", robustness.corrupted.size()),
                      percent_number(robustness.mean_accuracy, 2));
  return text;
}

}  // namespace digitry::app
