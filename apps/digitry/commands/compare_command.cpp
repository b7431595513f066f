#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/terminal/options.h"
#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/base/text.h"
#include "digitry/evaluation/comparison.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/run_folder.h"

namespace digitry::app {
namespace {

constexpr double kSignificant = 0.05;

struct CompareOptions {
  std::vector<std::string> models;
  std::string data;
  std::string split;
  bool json = false;
  int threads = 0;
};

struct Compared {
  std::string path;
  std::int64_t num_parameters = 0;
  EvaluationResult result;
};

struct Pair {
  const Compared& first;
  const Compared& second;
  Comparison comparison;
};

std::vector<Compared> evaluate_all(const CompareOptions& options) {
  std::vector<Compared> all;
  Dataset images;
  for (const std::string& path : options.models) {
    const Model model = open_model(path);
    const std::string data = options.data.empty() ? training_data_name(model) : options.data;
    EvaluationData own = load_evaluation_data(data, options.split, model);
    if (all.empty()) {
      images = std::move(own.data);
      own.data = {};
    } else if (own.data.labels != images.labels ||
               !std::ranges::equal(own.data.images.as<std::uint8_t>(),
                                   images.images.as<std::uint8_t>())) {
      throw Error(ErrorCode::kInvalidArgument,
                  "{} and {} would be evaluated on different images ({} of {}, {} of {}); choose "
                  "the same images with --data and --split",
                  options.models[0], path, all[0].result.split, images.name, own.split,
                  own.data.name);
    }
    std::swap(own.data, images);
    all.push_back({path, model.num_parameters(), evaluate(model, own)});
    std::swap(own.data, images);
  }
  return all;
}

// Pairs of the first model with each of the others.
std::vector<Pair> pairs_of(const std::vector<Compared>& all) {
  std::vector<Pair> pairs;
  for (std::size_t i = 1; i < all.size(); ++i)
    pairs.push_back(
        {all[0], all[i], compare_answers(all[0].result.evaluation, all[i].result.evaluation)});
  return pairs;
}

std::string p_value_text(double p_value) {
  return p_value < 0.0001 ? "p < 0.0001" : fmt::format("p = {:.4f}", p_value);
}

void print_text(const std::vector<Compared>& all, const std::vector<Pair>& pairs) {
  std::size_t width = 5;
  for (const Compared& each : all) width = std::max(width, num_code_points(clean_utf8(each.path)));
  const std::string& split = all[0].result.split;
  fmt::print("{:<{}}  {:>10}  {:>16}  {:>8}  {:>8}  {:>8}  {:>10}\n", "model", width, split,
             "95 % interval", "mistakes", "loss", "ECE", "parameters");
  for (const Compared& each : all) {
    const Evaluation& e = each.result.evaluation;
    fmt::print("{:<{}}  {:>8.2f} %  {:>16}  {:>8}  {:>8.4f}  {:>6.2f} %  {:>10}\n",
               clean_utf8(each.path), width, 100 * e.accuracy,
               fmt::format("{:.2f}-{:.2f} %", 100 * e.accuracy_95.low, 100 * e.accuracy_95.high),
               grouped(std::ssize(e.mistakes)), e.loss,
               100 * e.calibration.expected_calibration_error, grouped(each.num_parameters));
  }
  fmt::print("\nevaluated on the same {} {} images\n", grouped(all[0].result.evaluation.num_images),
             split);
  for (const Pair& pair : pairs) {
    const Comparison& c = pair.comparison;
    fmt::print(
        "{} and {}: {} images only the first classifies correctly, {} only the second; {}: {}\n",
        clean_utf8(pair.first.path), clean_utf8(pair.second.path), grouped(c.only_first_right),
        grouped(c.only_second_right), p_value_text(c.p_value),
        c.p_value < kSignificant ? "significant" : "not significant");
  }
  fmt::print(
      "(p: McNemar's exact test; significant below {}. Each model is one training: another seed "
      "may change the result.)\n",
      kSignificant);
}

void print_json(const std::vector<Compared>& all, const std::vector<Pair>& pairs) {
  using Json = nlohmann::ordered_json;
  Json models = Json::array();
  for (const Compared& each : all) {
    const Evaluation& e = each.result.evaluation;
    models.push_back({{"model", each.path},
                      {"num_parameters", each.num_parameters},
                      {"num_correct", e.num_correct},
                      {"accuracy", e.accuracy},
                      {"accuracy_95", {e.accuracy_95.low, e.accuracy_95.high}},
                      {"loss", e.loss},
                      {"expected_calibration_error", e.calibration.expected_calibration_error}});
  }
  Json compared = Json::array();
  for (const Pair& pair : pairs)
    compared.push_back({{"first", pair.first.path},
                        {"second", pair.second.path},
                        {"only_first_right", pair.comparison.only_first_right},
                        {"only_second_right", pair.comparison.only_second_right},
                        {"p_value", pair.comparison.p_value}});
  const Json result{{"split", all[0].result.split},
                    {"num_images", all[0].result.evaluation.num_images},
                    {"models", models},
                    {"pairs", compared}};
  fmt::print("{}\n", result.dump(1, ' ', false, Json::error_handler_t::replace));
}

void compare(const CompareOptions& options) {
  set_num_threads(options.threads);
  const std::vector<Compared> all = evaluate_all(options);
  const std::vector<Pair> pairs = pairs_of(all);
  if (options.json)
    print_json(all, pairs);
  else
    print_text(all, pairs);
}

}  // namespace

void add_compare_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("compare", "Test whether one model is significantly better than another");
  const auto options = std::make_shared<CompareOptions>();
  command->add_option("models", options->models, "Model files or folders of runs, two or more")
      ->type_name("MODELS")
      ->required()
      ->expected(2, 1000);
  command
      ->add_option("--data", options->data,
                   "The data to evaluate on [those that each was trained on]")
      ->type_name(kDataType);
  command->add_option("--split", options->split, "train, validation or test [as digitry evaluate]")
      ->check(CLI::IsMember(kSplitNames));
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print everything as JSON");
  command->footer(
      "Compares each other model with the first on the same images by McNemar's test. It uses the\n"
      "images that only one of the two models classifies correctly.\n"
      "Examples:\n"
      "  digitry compare runs/mlp-001 runs/fast-001\n"
      "  digitry compare runs/a runs/b runs/c --data fashion-mnist --json | jq .pairs");
  command->callback([options] { compare(*options); });
}

}  // namespace digitry::app
