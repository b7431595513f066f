#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/data_corrupt.h"
#include "apps/digitry/commands/evaluate_corrupted.h"
#include "digitry/report/run_report.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/recipe.h"
#include "digitry/training/run_folder.h"

namespace digitry::app {
namespace {

constexpr std::uint64_t kCorruptionSeed = 0;  // The default of `digitry evaluate --corrupt`.

constexpr std::int64_t kCorruptedImages = 5;

void report(const std::string& folder, const std::optional<std::string>& corrupt) {
  std::vector<Corruption> corruptions;
  if (corrupt) corruptions = parse_corruptions(*corrupt);
  const EvaluatedRun evaluated = evaluate_run(folder);
  RunReport report = evaluated.report();
  if (!corruptions.empty()) {
    report.robustness =
        evaluate_corrupted(evaluated.run.model, evaluated.images, corruptions, kCorruptionSeed);
    CorruptionPreview preview = make_corruption_preview(evaluated.images.data, kCorruptedImages,
                                                        corruptions, kCorruptionSeed);
    report.corrupted = {.images = std::move(preview.images), .per_row = preview.per_row};
  }
  write_run_report(std::move(report));
  fmt::print("{}\n", evaluated.run.folder.report().string());
}

}  // namespace

void add_report_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("report", "Rewrite report.html and the figures of a run");
  const auto folder = std::make_shared<std::string>();
  const auto corrupt = std::make_shared<std::optional<std::string>>();
  command->add_option("run", *folder, "The folder of a run")->type_name("RUN")->required();
  add_corrupt_option(
      *command, *corrupt,
      "Add the accuracy under MNIST-C's corruptions: all, or names separated by commas");
  command->footer(
      "Prints the path of the report. Examples:\n"
      "  digitry report runs/mlp-001\n"
      "  digitry report runs/mlp-001 --corrupt\n"
      "  xdg-open \"$(digitry report runs/mlp-001)\"");
  command->callback([folder, corrupt] { report(*folder, *corrupt); });
}

}  // namespace digitry::app
