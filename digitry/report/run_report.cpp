#include "digitry/report/run_report.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "digitry/base/file.h"
#include "digitry/report/report.h"
#include "digitry/report/run_page.h"
#include "digitry/training/augmentation_preview.h"
#include "digitry/training/explain_evaluation.h"

namespace digitry {
namespace {

constexpr std::uint64_t kMaxHistoryBytes = std::uint64_t{1} << 28;

}  // namespace

void write_run_report(RunReport report) {
  AugmentationPreview augmented = report_preview(report.recipe, report.trained_on);
  const ReportContent content{
      .title = fmt::format("{} on {}", report.recipe.name, report.evaluated_on.name),
      .split = report.metrics.split,
      .command = report.metrics.command,
      .recipe = to_toml(report.recipe),
      .history = report.history,
      .evaluation = report.evaluation,
      .images = report.evaluated_on.images.clone(),
      .augmented = std::move(augmented.images),
      .augmented_per_row = augmented.per_row(),
      .explanations = explain_evaluation(report.model, report.evaluation, report.evaluated_on,
                                         report.trained_on),
      .robustness = std::move(report.robustness),
      .corrupted = std::move(report.corrupted.images),
      .corrupted_per_row = report.corrupted.per_row,
      .layers = layer_rows(report.model.members.front().network),
      .training = report.metrics.training,
      .environment = report.metrics.environment,
      .data = report.metrics.data};
  write_figures(content, report.folder.figures());
  write_file_atomically(report.folder.report(), render_html(content));
}

StoredRun read_run(const std::filesystem::path& path) {
  StoredRun run{
      .folder = open_run_folder(path), .recipe = {}, .model = {}, .metrics = {}, .history = {}};
  run.metrics = read_run_metrics(run.folder);
  run.recipe = find_recipe(run.folder.config().string());
  run.model = open_model(path.string());
  // Of several networks, each has a history of its own.
  if (path_exists(run.folder.history()))
    run.history = history_from_csv(read_file(run.folder.history(), kMaxHistoryBytes),
                                   run.folder.history().string());
  run.history.best_epoch = run.metrics.best_epoch;
  return run;
}

RunReport EvaluatedRun::report() const {
  return {.folder = run.folder,
          .recipe = run.recipe,
          .metrics = run.metrics,
          .history = run.history,
          .model = run.model,
          .evaluation = evaluation,
          .evaluated_on = images.data,
          .trained_on = trained_on};
}

EvaluatedRun evaluate_run(const std::filesystem::path& path) {
  EvaluatedRun evaluated{.run = read_run(path), .images = {}, .evaluation = {}, .trained_on = {}};
  const StoredRun& run = evaluated.run;
  evaluated.images =
      load_evaluation_data(run.recipe.data, evaluated_split(run.folder, run.metrics), run.model);
  evaluated.evaluation = evaluate(run.model, evaluated.images).evaluation;
  evaluated.trained_on = find_training_images(run.model);
  return evaluated;
}

}  // namespace digitry
