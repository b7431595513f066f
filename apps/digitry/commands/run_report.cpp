#include "apps/digitry/commands/run_report.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "apps/digitry/commands/data_augment.h"
#include "apps/digitry/commands/data_corrupt.h"
#include "apps/digitry/commands/explaining.h"
#include "apps/digitry/terminal/terminal.h"
#include "apps/digitry/terminal/words.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/version.h"
#include "digitry/evaluation/evaluation_text.h"
#include "digitry/nn/cpu_info.h"
#include "digitry/report/report.h"

namespace digitry::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMaxTextBytes = std::uint64_t{1} << 28;
constexpr std::int64_t kPreviewImages = 5;
constexpr std::int64_t kPreviewVersions = 8;
constexpr std::int64_t kCorruptedImages = 5;

double peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;  // Linux counts in KiB.
}

std::string provenance(const Model& model, const std::string& key) {
  const auto found = model.provenance.find(key);
  return found == model.provenance.end() ? "unknown" : found->second;
}

Json read_metrics(const RunFolder& run) {
  const std::string text = read_file(run.metrics(), kMaxTextBytes);
  Json metrics = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!metrics.is_object())
    throw Error(ErrorCode::kBadData, "{}: not JSON; run digitry train again",
                run.metrics().string());
  return metrics;
}

// Empty where there is no such text.
std::string text_of(const Json& metrics, const char* key) {
  return metrics.contains(key) && metrics[key].is_string() ? metrics[key].get<std::string>()
                                                           : std::string();
}

// 0 where it is not told.
std::int64_t best_epoch_of(const Json& metrics) {
  if (!metrics.contains("training") || !metrics["training"].is_object()) return 0;
  const Json& training = metrics["training"];
  if (!training.contains("best_epoch") || !training["best_epoch"].is_number_integer()) return 0;
  return training["best_epoch"].get<std::int64_t>();
}

// "key: value" rows of one object of metrics.json, numbers as they stand there.
Facts facts_of(const Json& metrics, const char* section) {
  Facts facts;
  if (!metrics.contains(section) || !metrics[section].is_object()) return facts;
  for (const auto& [key, value] : metrics[section].items()) {
    std::string label = key;
    for (char& c : label) c = c == '_' ? ' ' : c;
    facts.emplace_back(label, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return facts;
}

// None where the recipe augments nothing, or the images it was trained on are not at hand.
AugmentationPreview preview_of_run(const Recipe& recipe, const TrainingImages& trained) {
  const AugmentOptions augmentation = read_augment_options(recipe.augmentation, "[augmentation]");
  if (!augmentation.any() || !trained.data) return {};
  return make_preview(*trained.data, trained.indices,
                      {.augmentation = augmentation,
                       .seed = recipe.seed,
                       .num_images = kPreviewImages,
                       .versions = std::min(kPreviewVersions, recipe.epochs)});
}

CorruptionPreview preview_of_corruptions(const Dataset& judged,
                                         const std::optional<Robustness>& robustness) {
  if (!robustness) return {};
  std::vector<Corruption> corruptions;
  for (const CorruptedScore& each : robustness->corrupted) corruptions.push_back(each.corruption);
  return make_corruption_preview(judged, kCorruptedImages, corruptions, robustness->seed);
}

std::vector<LayerRow> layer_rows(const Network& network) {
  std::vector<LayerRow> rows;
  for (const LayerSummary& layer : network.summary())
    rows.push_back(
        {layer.name, layer.output_shape.to_string(), layer.num_parameters, layer.multiply_adds});
  return rows;
}

}  // namespace

std::string command_line() {
  std::string line;
  std::string word;
  for (const char c : read_file("/proc/self/cmdline", kMaxTextBytes)) {
    if (c != '\0') {
      word += c;
      continue;
    }
    line += (line.empty() ? "" : " ") + shell_word(word);
    word.clear();
  }
  return line;
}

std::string metrics_json(const std::optional<Judged>& judged, const Model& model,
                         const TrainingFacts& facts) {
  const CpuInfo cpu = cpu_info();
  const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };
  Json metrics{{"split", judged ? Json(judged->split) : Json()},
               {"evaluation", judged ? Json::parse(to_json(judged->evaluation)) : Json()},
               {"training",
                {{"seconds", rounded(facts.seconds)},
                 {"steps", facts.num_steps},
                 {"epochs", facts.num_epochs},
                 {"best_epoch", facts.best_epoch},
                 {"networks", facts.num_networks},
                 {"seed", provenance(model, "seed")},
                 {"training_images", facts.num_train},
                 {"validation_images", facts.num_validation},
                 {"evaluation_seconds", rounded(judged ? judged->seconds : 0)},
                 {"peak_memory_mb", rounded(peak_memory_mb())}}},
               {"environment",
                {{"digitry", std::string(version())},
                 {"processor", cpu.model},
                 {"threads", facts.num_threads},
                 {"kernels", fmt::format("oneDNN {}, {}", cpu.onednn_version, cpu.onednn_isa)},
                 {"compiler", build_info().compiler}}},
               {"data",
                {{"name", provenance(model, "data")},
                 {"training_sha256", provenance(model, "data_sha256")}}},
               {"command", command_line()}};
  if (judged) metrics["data"][judged->split + "_sha256"] = judged->data_sha256;
  return metrics.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string judged_split(const RunFolder& run) {
  if (!run.finished())
    throw Error(ErrorCode::kBadData,
                "{}: its training is not finished; go on with digitry train --resume --out {}",
                run.path.string(), shell_word(run.path.string()));
  std::string split = text_of(read_metrics(run), "split");
  if (std::ranges::find(kSplitNames, split) == kSplitNames.end())
    throw Error(ErrorCode::kBadData, "{}: says of no split that the model was judged on it",
                run.metrics().string());
  return split;
}

double training_figure(const RunFolder& run, const std::string& name) {
  const Json metrics = read_metrics(run);
  if (!metrics.contains("training") || !metrics["training"].is_object()) return 0;
  const Json figure = metrics["training"].value(name, Json());
  return figure.is_number() ? figure.get<double>() : 0;
}

void write_report(const RunFolder& run, const Model& model, const Evaluation& evaluation,
                  Dataset judged, const TrainingImages& trained,
                  std::optional<Robustness> robustness) {
  const Json metrics = read_metrics(run);
  History history;  // Of several networks there are several, beside each.
  if (path_exists(run.history()))
    history = history_from_csv(read_file(run.history(), kMaxTextBytes), run.history().string());
  history.best_epoch = best_epoch_of(metrics);
  const std::string recipe_text = read_file(run.config(), kMaxTextBytes);
  AugmentationPreview preview =
      preview_of_run(parse_recipe(recipe_text, run.config().string()), trained);
  Explanations explanations = explain_evaluation(model, evaluation, judged, trained);
  CorruptionPreview corrupted = preview_of_corruptions(judged, robustness);
  const ReportContent content{
      .title = fmt::format("{} on {}", provenance(model, "recipe_name"), judged.name),
      .split = text_of(metrics, "split"),
      .command = text_of(metrics, "command"),
      .recipe = recipe_text,
      .history = std::move(history),
      .evaluation = evaluation,
      .images = std::move(judged.images),
      .augmented = std::move(preview.images),
      .augmented_per_row = preview.per_row(),
      .explanations = std::move(explanations),
      .robustness = std::move(robustness),
      .corrupted = std::move(corrupted.images),
      .corrupted_per_row = corrupted.per_row,
      .layers = layer_rows(model.members.front().network),
      .training = facts_of(metrics, "training"),
      .environment = facts_of(metrics, "environment"),
      .data = facts_of(metrics, "data")};
  write_figures(content, run.figures());
  write_file_atomically(run.report(), render_html(content));
}

}  // namespace digitry::app
