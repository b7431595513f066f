#include <fmt/format.h>

#include <memory>

#include "apps/digitry/command.h"
#include "apps/digitry/judge.h"
#include "apps/digitry/run_folder.h"
#include "apps/digitry/run_report.h"
#include "apps/digitry/training_images.h"
#include "digitry/training/recipe.h"

namespace digitry::app {
namespace {

void write_run_report(const std::string& folder) {
  const RunFolder run = open_run_folder(folder);
  const Model model = load_model(model_path(run.path));
  const Recipe recipe = find_recipe(run.config().string());
  JudgedImages images = load_judged(recipe.data, judged_split(run), model);
  const Judged judged = judge(model, images);
  write_report(run, model, judged.evaluation, std::move(images.data), find_training_images(model));
  fmt::print("{}\n", run.report().string());
}

}  // namespace

void add_report_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("report", "Write report.html and the figures of a run again");
  const auto folder = std::make_shared<std::string>();
  command->add_option("run", *folder, "The folder of a run")->type_name("RUN")->required();
  command->footer(
      "Prints the report's path. Examples:\n"
      "  digitry report runs/mlp-001\n"
      "  xdg-open \"$(digitry report runs/mlp-001)\"");
  command->callback([folder] { write_run_report(*folder); });
}

}  // namespace digitry::app
