#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/data_corrupt.h"
#include "apps/digitry/commands/evaluation_data.h"
#include "apps/digitry/commands/run_folder.h"
#include "apps/digitry/commands/run_report.h"
#include "apps/digitry/commands/training_images.h"
#include "digitry/training/recipe.h"

namespace digitry::app {
namespace {

constexpr std::uint64_t kCorruptionSeed = 0;  // As `digitry evaluate --corrupt` by default.

void write_run_report(const std::string& folder, const std::optional<std::string>& corrupt) {
  std::vector<Corruption> corruptions;
  if (corrupt) corruptions = parse_corruptions(*corrupt);
  const RunFolder run = open_run_folder(folder);
  const Model model = open_model(run.path.string());
  const Recipe recipe = find_recipe(run.config().string());
  JudgedImages images = load_judged(recipe.data, judged_split(run), model);
  const Judged judged = judge(model, images);
  std::optional<Robustness> robustness;
  if (!corruptions.empty())
    robustness = judge_corrupted(model, images, corruptions, kCorruptionSeed);
  write_report(run, model, judged.evaluation, std::move(images.data), find_training_images(model),
               std::move(robustness));
  fmt::print("{}\n", run.report().string());
}

}  // namespace

void add_report_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("report", "Write report.html and the figures of a run again");
  const auto folder = std::make_shared<std::string>();
  const auto corrupt = std::make_shared<std::optional<std::string>>();
  command->add_option("run", *folder, "The folder of a run")->type_name("RUN")->required();
  add_corrupt_option(*command, *corrupt,
                     "Tell the accuracy under MNIST-C's corruptions too: all, or names with commas "
                     "between");
  command->footer(
      "Prints the report's path. Examples:\n"
      "  digitry report runs/mlp-001\n"
      "  digitry report runs/mlp-001 --corrupt\n"
      "  xdg-open \"$(digitry report runs/mlp-001)\"");
  command->callback([folder, corrupt] { write_run_report(*folder, *corrupt); });
}

}  // namespace digitry::app
