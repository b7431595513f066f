#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/train_run.h"
#include "apps/digitry/terminal/options.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/base/version.h"
#include "digitry/base/words.h"
#include "digitry/model_io/model.h"
#include "digitry/training/run_folder.h"

namespace digitry::app {
namespace {

struct EnsembleOptions {
  std::vector<std::string> models;
  std::string out;
  TestTimeAugmentation views;
  bool json = false;
};

// `views`, with the options that are set in `more`.
TestTimeAugmentation with_more(TestTimeAugmentation views, const TestTimeAugmentation& more) {
  for (const auto member : {&TestTimeAugmentation::translation, &TestTimeAugmentation::rotation,
                            &TestTimeAugmentation::zoom})
    if (more.*member != 0) views.*member = more.*member;
  views.flip = views.flip || more.flip;
  return views;
}

Model assembled(const EnsembleOptions& options) {
  std::vector<Model> models;
  for (const std::string& path : options.models) models.push_back(open_model(path));
  std::optional<TestTimeAugmentation> views;
  if (models.size() == 1) views = with_more(models.front().tta, options.views);
  if (models.size() > 1 && options.views != TestTimeAugmentation()) views = options.views;
  Model model = combine(std::move(models), options.models, views);
  model.provenance["digitry_version"] = version();
  model.provenance["assembled_by"] = command_line();
  return model;
}

void ensemble(const EnsembleOptions& options) {
  if (options.models.size() == 1 && options.views == TestTimeAugmentation())
    throw Error(ErrorCode::kInvalidArgument,
                "expected several models, or options for views of each image (--translation, "
                "--rotation, --zoom, --flip)");
  if (path_exists(options.out))
    throw Error(ErrorCode::kInvalidArgument,
                "{} already exists and is never overwritten; choose another --out", options.out);
  const Model model = assembled(options);
  save_model(model, options.out);
  if (options.json) {
    const nlohmann::ordered_json result{{"model", options.out},
                                        {"networks", model.members.size()},
                                        {"views", num_views(model.tta)},
                                        {"num_parameters", model.num_parameters()}};
    fmt::print("{}\n", result.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print("{:<20}{}\n", "networks", model.members.size());
  fmt::print("{:<20}{}\n", "views of an image", num_views(model.tta));
  fmt::print("{:<20}{}\n", "parameters", grouped(model.num_parameters()));
  fmt::print("{:<20}{}\n", "model", options.out);
  fmt::print("{:<20}digitry evaluate {}\n", "next", shell_word(options.out));
}

}  // namespace

void add_ensemble_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "ensemble", "Combine models into one, or add test-time augmentation to one");
  const auto options = std::make_shared<EnsembleOptions>();
  command->add_option("models", options->models, "Model files or folders of runs, one or more")
      ->type_name("MODELS")
      ->required()
      ->expected(1, 1000);
  command->add_option("--out", options->out, "The model file to write")
      ->type_name("FILE")
      ->required()
      ->check(not_empty());
  command
      ->add_option("--translation", options->views.translation,
                   "Also classify each image moved by this many pixels in four directions")
      ->check(number_in(0.0, 1000.0));
  command
      ->add_option("--rotation", options->views.rotation,
                   "Also classify it rotated by this many degrees in both directions")
      ->check(number_in(0.0, 180.0));
  command
      ->add_option("--zoom", options->views.zoom,
                   "Also classify it smaller and larger by this fraction")
      ->check(number_in(0.0, 0.9));
  command->add_flag("--flip", options->views.flip,
                    "Also classify its mirror image: for clothes, not for digits");
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->footer(
      "The prediction is the mean of the probabilities of all networks and views; it takes\n"
      "as many times longer. Every command accepts the file like any other model. To train an\n"
      "ensemble from the start, see `members` in docs/recipes.md. Examples:\n"
      "  digitry train --recipe fast --seeds 0-4 --out runs/five\n"
      "  digitry ensemble runs/five/seed-* --out five.safetensors\n"
      "  digitry ensemble runs/cnn-001 --translation 1 --rotation 5 --out views.safetensors\n"
      "  digitry compare five.safetensors runs/five/seed-0");
  command->callback([options] { ensemble(*options); });
}

}  // namespace digitry::app
