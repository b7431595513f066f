#include "apps/digitry/commands/train_seeds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "apps/digitry/commands/train_run.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/base/words.h"
#include "digitry/evaluation/comparison.h"
#include "digitry/evaluation/evaluation_text.h"
#include "digitry/training/run_folder.h"

namespace digitry::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxSeeds = 1000;
constexpr std::uint64_t kMaxSeed = std::uint64_t{1} << 62;

struct SeedResult {
  std::uint64_t seed = 0;
  fs::path run;
  EvaluationResult evaluation;
  double seconds = 0;
};

std::uint64_t parse_seed(std::string_view text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size() || seed > kMaxSeed)
    throw Error(ErrorCode::kInvalidArgument,
                "--seeds: expected numbers and ranges, like 0-4 or 1,5,9, found '{}'",
                clean_utf8(text));
  return seed;
}

// Evaluates a finished run again: the same model and images give the same figures.
SeedResult finished_run(std::uint64_t seed, const fs::path& path) {
  const StoredRun run = read_run(path);
  const EvaluationData images = load_evaluation_data(
      training_data_name(run.model), evaluated_split(run.folder, run.metrics), run.model);
  return {.seed = seed,
          .run = path,
          .evaluation = evaluate(run.model, images),
          .seconds = run.metrics.seconds};
}

SeedResult train_one(RunRequest request, const TrainOutput& output, std::uint64_t seed,
                     const fs::path& path) {
  if (request.resume && path_exists(RunFolder{path}.metrics()) && RunFolder{path}.finished()) {
    inform(fmt::format("seed {}: {} is finished", seed, path.string()));
    return finished_run(seed, path);
  }
  inform(fmt::format("seed {}", seed));
  request.recipe.seed = seed;
  request.out = path.string();
  request.resume = request.resume && path_exists(RunFolder{path}.config());
  TrainedRun trained = *train_and_report(request, output, one_rank());
  if (!trained.evaluation)
    throw Error(ErrorCode::kBadData, "{}: expected labelled images to compare seeds, found none",
                request.recipe.data);
  return {.seed = seed,
          .run = trained.held.folder.path,
          .evaluation = std::move(*trained.evaluation),
          .seconds = trained.facts.seconds};
}

// The recipe of the series, which is the same in all of its runs.
Recipe recipe_of_series(const fs::path& folder, const std::vector<std::uint64_t>& seeds) {
  for (const std::uint64_t seed : seeds) {
    const fs::path config = RunFolder{folder / fmt::format("seed-{}", seed)}.config();
    if (path_exists(config)) return find_recipe(config.string());
  }
  throw Error(ErrorCode::kBadData, "{}: expected a run of one of these seeds to resume, found none",
              folder.string());
}

template <typename Get>
SampleSummary summary_of(const std::vector<SeedResult>& results, const Get& get) {
  std::vector<double> values;
  for (const SeedResult& result : results) values.push_back(get(result));
  return summarise(values);
}

double accuracy_of(const SeedResult& result) { return result.evaluation.evaluation.accuracy; }
double loss_of(const SeedResult& result) { return result.evaluation.evaluation.loss; }
double calibration_error_of(const SeedResult& result) {
  return result.evaluation.evaluation.calibration.expected_calibration_error;
}
double seconds_of(const SeedResult& result) { return result.seconds; }

// An evaluation with the sum of all confusion matrices.
Evaluation pooled(const std::vector<SeedResult>& results) {
  Evaluation sum = results[0].evaluation.evaluation;
  for (std::size_t i = 1; i < results.size(); ++i) {
    const Evaluation& more = results[i].evaluation.evaluation;
    for (std::size_t row = 0; row < sum.confusion.size(); ++row)
      for (std::size_t column = 0; column < sum.confusion.size(); ++column)
        sum.confusion[row][column] += more.confusion[row][column];
  }
  return sum;
}

std::string seeds_json(const std::vector<SeedResult>& results) {
  const auto summary = [&](const auto& get) {
    const SampleSummary s = summary_of(results, get);
    Json json{{"mean", s.mean}, {"standard_deviation", s.standard_deviation}};
    if (results.size() > 1) json["mean_95"] = {s.mean_95.low, s.mean_95.high};
    return json;
  };
  Json seeds = Json::array();
  for (const SeedResult& result : results)
    seeds.push_back({{"seed", result.seed},
                     {"run", result.run.filename().string()},
                     {"accuracy", accuracy_of(result)},
                     {"loss", loss_of(result)},
                     {"expected_calibration_error", calibration_error_of(result)},
                     {"training_seconds", result.seconds}});
  const Json json{{"split", results[0].evaluation.split},
                  {"num_images", results[0].evaluation.evaluation.num_images},
                  {"accuracy", summary(accuracy_of)},
                  {"loss", summary(loss_of)},
                  {"expected_calibration_error", summary(calibration_error_of)},
                  {"training_seconds", summary(seconds_of)},
                  {"seeds", seeds},
                  {"pooled_confusion", pooled(results).confusion},
                  {"command", command_line()}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string seeds_text(const std::vector<SeedResult>& results) {
  std::string text =
      fmt::format("{:<6}  {:>15}  {:>8}  {:>8}  {:>10}\n", "seed",
                  results[0].evaluation.split + " accuracy", "loss", "ECE", "training");
  for (const SeedResult& result : results)
    text += fmt::format("{:<6}  {:>13.2f} %  {:>8.4f}  {:>6.2f} %  {:>10}\n", result.seed,
                        100 * accuracy_of(result), loss_of(result),
                        100 * calibration_error_of(result), human_duration(result.seconds));
  const SampleSummary accuracy = summary_of(results, accuracy_of);
  const SampleSummary loss = summary_of(results, loss_of);
  const SampleSummary error = summary_of(results, calibration_error_of);
  text += fmt::format("{:<6}  {:>13.2f} %  {:>8.4f}  {:>6.2f} %  {:>10}\n", "mean",
                      100 * accuracy.mean, loss.mean, 100 * error.mean,
                      human_duration(summary_of(results, seconds_of).mean));
  if (results.size() > 1)
    text += fmt::format(
        "{:<6}  {:>13.2f} %  {:>8.4f}  {:>6.2f} %\n\n{} accuracy {:.2f} ± {:.2f} % (standard "
        "deviation of {} seeds; the mean is in {:.2f}-{:.2f} % with 95 % confidence)\n",
        "sd", 100 * accuracy.standard_deviation, loss.standard_deviation,
        100 * error.standard_deviation, results[0].evaluation.split, 100 * accuracy.mean,
        100 * accuracy.standard_deviation, results.size(), 100 * accuracy.mean_95.low,
        100 * accuracy.mean_95.high);
  return text + confusion_text(pooled(results));
}

// Lets `elsewhere` train the seeds that are not yet trained.
void train_elsewhere(Recipe recipe, const fs::path& folder, const std::vector<std::uint64_t>& seeds,
                     const TrainFolders& elsewhere) {
  std::vector<fs::path> folders;
  for (const std::uint64_t seed : seeds) {
    const RunFolder run{folder / fmt::format("seed-{}", seed)};
    recipe.seed = seed;
    if (!path_exists(run.config())) {
      make_folder(run.path);
      write_file_atomically(run.config(), to_toml(recipe));
    }
    if (!run.finished()) folders.push_back(run.path);
  }
  if (!folders.empty()) elsewhere(folders);
}

}  // namespace

std::vector<std::uint64_t> parse_seeds(const std::string& text) {
  std::vector<std::uint64_t> seeds;
  std::string_view rest = text;
  const auto add = [&](std::uint64_t seed) {
    if (std::ranges::find(seeds, seed) != seeds.end())
      throw Error(ErrorCode::kInvalidArgument, "--seeds: duplicate seed {}", seed);
    if (seeds.size() == kMaxSeeds)
      throw Error(ErrorCode::kInvalidArgument, "--seeds: expected at most {} seeds", kMaxSeeds);
    seeds.push_back(seed);
  };
  while (true) {
    const std::string_view item = rest.substr(0, rest.find(','));
    const std::size_t dash = item.find('-');
    const std::uint64_t first = parse_seed(item.substr(0, dash));
    const std::uint64_t last =
        dash == std::string_view::npos ? first : parse_seed(item.substr(dash + 1));
    if (last < first)
      throw Error(ErrorCode::kInvalidArgument,
                  "--seeds: expected the lower bound of a range first, got {}-{}", first, last);
    for (std::uint64_t seed = first; seed <= last; ++seed) add(seed);
    if (item.size() == rest.size()) return seeds;
    rest.remove_prefix(item.size() + 1);
  }
}

void train_seeds(RunRequest request, TrainOutput output, const std::vector<std::uint64_t>& seeds,
                 const TrainFolders& elsewhere) {
  const fs::path folder =
      request.resume ? fs::path(request.out) : make_series_folder(request.out, request.recipe.name);
  if (request.resume) request.recipe = recipe_of_series(folder, seeds);
  const bool print_json = output.json;
  output.print = false;
  std::vector<SeedResult> results;
  try {
    if (elsewhere) {
      train_elsewhere(request.recipe, folder, seeds, elsewhere);
      request.resume = true;
    }
    for (const std::uint64_t seed : seeds)
      results.push_back(train_one(request, output, seed, folder / fmt::format("seed-{}", seed)));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInterrupted) throw;
    throw Error(
        ErrorCode::kInterrupted,
        "stopped after {} of {} seeds; to continue: digitry train --resume --seeds {} --out {}",
        results.size(), seeds.size(), fmt::format("{}", fmt::join(seeds, ",")),
        shell_word(folder.string()));
  }
  const std::string json = seeds_json(results);
  write_file_atomically(folder / "seeds.json", json);
  if (print_json)
    fmt::print("{}", json);
  else
    fmt::print("{}\n{:<20}{}\n", seeds_text(results), "runs", folder.string());
}

}  // namespace digitry::app
