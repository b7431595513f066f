#include "apps/digitry/commands/finish_run.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

#include "apps/digitry/commands/evaluation_data.h"
#include "apps/digitry/terminal/terminal.h"
#include "apps/digitry/terminal/words.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/evaluation/evaluation_text.h"

namespace digitry::app {
namespace {

void print_summary(const RunFolder& run, const std::optional<Judged>& judged,
                   const TrainingFacts& facts) {
  const auto row = [](const std::string& name, const std::string& value) {
    fmt::print("{:<20}{}\n", name, value);
  };
  if (judged) {
    row(judged->split + " accuracy", accuracy_text(judged->evaluation));
    row(judged->split + " loss", fmt::format("{:.4f}", judged->evaluation.loss));
    row("calibration", calibration_text(judged->evaluation));
  }
  std::string training =
      fmt::format("{}, {} epochs", human_duration(facts.seconds), facts.num_epochs);
  if (facts.num_networks > 1)
    training += fmt::format(" of each of {} networks", facts.num_networks);
  if (facts.best_epoch > 0)
    training += fmt::format(", epoch {} kept (best on validation)", facts.best_epoch);
  row("training", training);
  row("model", run.model().string());
}

// The model is trained, judged and told of by now: that only its picture book is missing is no
// failure of the training.
void write_report_if_possible(const RunFolder& run, const Model& model,
                              const Evaluation& evaluation, Dataset judged,
                              const TrainingImages& trained, bool tell) {
  try {
    write_report(run, model, evaluation, std::move(judged), trained);
    if (tell) fmt::print("{:<20}{}\n", "report", run.report().string());
  } catch (const Error& error) {
    warn(fmt::format("no report: {}; afterwards: digitry report {}", error.what(),
                     shell_word(run.path.string())));
  }
}

}  // namespace

std::optional<Judged> finish_run(const RunFolder& run, const FinishOptions& options,
                                 std::optional<JudgedImages> images, const TrainingFacts& facts,
                                 const Model& model, const TrainingImages& trained) {
  std::optional<Judged> judged;
  if (images) judged = judge(model, *images);
  const std::string metrics = metrics_json(judged, model, facts);
  write_file_atomically(run.metrics(), metrics);
  if (options.print && options.json) fmt::print("{}", metrics);
  if (options.print && !options.json) print_summary(run, judged, facts);
  std::fflush(stdout);
  if (judged && options.report)
    write_report_if_possible(run, model, judged->evaluation, std::move(images->data), trained,
                             /*tell=*/options.print && !options.json);
  return judged;
}

}  // namespace digitry::app
