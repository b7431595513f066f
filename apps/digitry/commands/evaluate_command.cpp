#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/data_corrupt.h"
#include "apps/digitry/commands/evaluate_corrupted.h"
#include "apps/digitry/commands/ranks.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/parallel.h"
#include "digitry/base/sha256.h"
#include "digitry/evaluation/evaluation_text.h"
#include "digitry/evaluation/orientation.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/explain_evaluation.h"
#include "digitry/training/run_folder.h"

namespace digitry::app {
namespace {

constexpr std::int64_t kMaxMistakes = 1'000'000;
constexpr std::size_t kMaxExplainedMistakes = 1000;

struct EvaluateOptions {
  std::string model;
  std::string data;
  std::string split;
  std::optional<std::string> label_from;
  std::int64_t mistakes = 10;
  bool explain = false;
  std::optional<std::string> corrupt;
  std::int64_t seed = 0;
  bool json = false;
  int threads = 0;
};

// The training images nearest to the first `most` mistakes; empty if they are not available.
std::vector<std::vector<Neighbour>> nearest_to_mistakes(const Model& model,
                                                        const Evaluation& evaluation,
                                                        const Dataset& evaluated,
                                                        std::size_t most) {
  const TrainingImages trained = find_training_images(model);
  if (!trained.data) warn("no nearest training images: " + trained.absence);
  return nearest_training(model, trained, evaluated.images, mistaken_images(evaluation, most),
                          kNearestShown, SearchEffort::kAll)
      .lists;
}

// What is evaluated, read by each rank.
struct Evaluated {
  Model model;
  EvaluationData images;
};

Evaluated load(const EvaluateOptions& options) {
  Model model = open_model(options.model);
  const std::string data = options.data.empty() ? training_data_name(model) : options.data;
  EvaluationData images = load_evaluation_data(
      data, options.split, model, parse_label_from(options.label_from.value_or("folder")));
  return {std::move(model), std::move(images)};
}

void print_evaluation(const EvaluateOptions& options, const Evaluated& evaluated) {
  const auto& [model, images] = evaluated;
  for (const std::string& note : images.data.notes) inform(note);
  const EvaluationResult result = digitry::evaluate(model, images);
  if (const auto warning = orientation_warning(Classifier(model), images.data);
      result.evaluation.accuracy < 0.5 && !warning.empty())
    warn(warning);
  const auto listed = static_cast<std::size_t>(options.mistakes);
  std::vector<std::vector<Neighbour>> nearest;
  if (options.explain)
    nearest = nearest_to_mistakes(
        model, result.evaluation, images.data,
        options.json ? kMaxExplainedMistakes : std::min(listed, kMaxExplainedMistakes));
  if (options.json)
    fmt::print("{}", to_json(result.evaluation, nearest));
  else
    fmt::print("{}", to_text(result.evaluation, result.split, listed, nearest));
}

void print_robustness(const EvaluateOptions& options, const std::vector<Corruption>& corruptions,
                      Communicator& ranks) {
  std::optional<Evaluated> loaded;
  collectively(ranks, [&] { loaded = load(options); });
  const auto& [model, images] = *loaded;
  check_same(ranks, ErrorCode::kBadData, "model", sha256(model_to_bytes(model)),
             "copy the same file to every host");
  check_same(ranks, ErrorCode::kBadData, "data", images.data.sha256,
             "copy the same files to every host");
  const Robustness robustness = evaluate_corrupted(model, images, corruptions,
                                                   static_cast<std::uint64_t>(options.seed), ranks);
  if (ranks.is_first())
    fmt::print("{}", options.json ? to_json(robustness) : to_text(robustness, images.split));
}

void evaluate(const EvaluateOptions& options) {
  set_num_threads(options.threads);
  with_ranks([&](Communicator& ranks) {
    std::vector<Corruption> corruptions;
    if (options.corrupt) corruptions = parse_corruptions(*options.corrupt);
    // One pass over the images is too short to share.
    if (corruptions.empty() && ranks.is_first()) print_evaluation(options, load(options));
    if (corruptions.empty()) return;
    if (ranks.size() > 1) inform(describe_ranks(ranks));
    share_threads(ranks, options.threads);
    print_robustness(options, corruptions, ranks);
  });
}

}  // namespace

void add_evaluate_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("evaluate", "Evaluate a model on labelled images");
  const auto options = std::make_shared<EvaluateOptions>();
  add_model_argument(*command, options->model);
  command
      ->add_option("--data", options->data,
                   "The data to evaluate on [those the model was trained on]")
      ->type_name(kDataType);
  command
      ->add_option("--split", options->split,
                   "train, validation or test [test; if the data have none: validation if the "
                   "model was trained on them, else all images]")
      ->check(CLI::IsMember(kSplitNames));
  add_label_from_option(*command, options->label_from);
  CLI::Option* mistakes =
      command->add_option("--mistakes", options->mistakes, "How many mistakes to list [10]")
          ->check(CLI::Range(std::int64_t{0}, kMaxMistakes));
  CLI::Option* explain = command->add_flag(
      "--explain", options->explain,
      "List for each of the first 1000 mistakes the training images with the nearest features");
  CLI::Option* corrupt = add_corrupt_option(*command, options->corrupt,
                                            "Print the accuracy under MNIST-C's corruptions "
                                            "instead: all, or names separated by commas")
                             ->excludes(mistakes)
                             ->excludes(explain);
  command->add_option("--seed", options->seed, "Seed of the corruptions [0]")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()))
      ->needs(corrupt);
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print everything, including each mistake, as JSON");
  command->footer(
      "Examples:\n"
      "  digitry evaluate runs/mlp-001\n"
      "  digitry evaluate runs/mlp-001 --split validation --explain\n"
      "  digitry evaluate model.safetensors --data other-digits/ --json | jq .accuracy\n"
      "  digitry evaluate runs/mlp-001 --corrupt\n"
      "  digitry evaluate runs/mlp-001 --corrupt fog,stripe --json\n"
      "  mpirun -np 4 digitry evaluate runs/mlp-001 --corrupt   # corruptions by four processes");
  command->callback([options] { evaluate(*options); });
}

}  // namespace digitry::app
