#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/digitry/command.h"
#include "apps/digitry/corruption_names.h"
#include "apps/digitry/judge.h"
#include "apps/digitry/judge_corrupted.h"
#include "apps/digitry/run_folder.h"
#include "apps/digitry/shared_options.h"
#include "digitry/base/parallel.h"
#include "digitry/evaluation/metrics_json.h"

namespace digitry::app {
namespace {

constexpr std::int64_t kMaxMistakes = 1'000'000;

struct EvaluateOptions {
  std::string model;
  std::string data;
  std::string split;
  std::int64_t mistakes = 10;
  std::optional<std::string> corrupt;
  std::int64_t seed = 0;
  bool json = false;
  int threads = 0;
};

void evaluate_corrupted(const EvaluateOptions& options, const Model& model,
                        const JudgedImages& images, const std::vector<Corruption>& corruptions) {
  const Robustness robustness =
      judge_corrupted(model, images, corruptions, static_cast<std::uint64_t>(options.seed));
  fmt::print("{}", options.json ? to_json(robustness) : robustness_text(robustness, images.split));
}

void evaluate(const EvaluateOptions& options) {
  std::vector<Corruption> corruptions;
  if (options.corrupt) corruptions = parse_corruptions(*options.corrupt);
  set_num_threads(options.threads);
  const Model model = load_model(model_path(options.model));
  const std::string data = options.data.empty() ? training_data(model) : options.data;
  const JudgedImages images = load_judged(data, options.split, model);
  if (!corruptions.empty()) return evaluate_corrupted(options, model, images, corruptions);
  const Judged judged = judge(model, images);
  if (options.json)
    fmt::print("{}", to_json(judged.evaluation));
  else
    fmt::print("{}", evaluation_text(judged, static_cast<std::size_t>(options.mistakes)));
}

}  // namespace

void add_evaluate_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("evaluate", "Judge a model on labelled images");
  const auto options = std::make_shared<EvaluateOptions>();
  add_model_argument(*command, options->model);
  command->add_option("--data", options->data, "What to judge on [what the model was trained on]")
      ->type_name(kDataType);
  command
      ->add_option("--split", options->split,
                   "train, validation or test [test; where the data have none: validation for "
                   "what the model was trained on, else all images]")
      ->check(CLI::IsMember(kSplitNames));
  CLI::Option* mistakes =
      command->add_option("--mistakes", options->mistakes, "How many mistakes to list [10]")
          ->check(CLI::Range(std::int64_t{0}, kMaxMistakes));
  CLI::Option* corrupt =
      add_corrupt_option(*command, options->corrupt,
                         "Tell the accuracy under MNIST-C's corruptions instead: all, or names "
                         "with commas between")
          ->excludes(mistakes);
  command->add_option("--seed", options->seed, "Of the corruptions [0]")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()))
      ->needs(corrupt);
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print everything, each mistake included, as JSON");
  command->footer(
      "Examples:\n"
      "  digitry evaluate runs/mlp-001\n"
      "  digitry evaluate runs/mlp-001 --split validation\n"
      "  digitry evaluate model.safetensors --data other-digits/ --json | jq .accuracy\n"
      "  digitry evaluate runs/mlp-001 --corrupt\n"
      "  digitry evaluate runs/mlp-001 --corrupt fog,stripe --json");
  command->callback([options] { evaluate(*options); });
}

}  // namespace digitry::app
