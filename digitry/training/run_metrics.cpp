#include "digitry/training/run_metrics.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/json.h"
#include "digitry/base/version.h"
#include "digitry/base/words.h"
#include "digitry/evaluation/evaluation_text.h"
#include "digitry/nn/cpu_info.h"

namespace digitry {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMaxMetricsBytes = std::uint64_t{1} << 28;

double peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;  // Linux counts in KiB.
}

std::string provenance(const Model& model, const std::string& key) {
  const auto found = model.provenance.find(key);
  return found == model.provenance.end() ? "unknown" : found->second;
}

std::string text_of(const Json& metrics, const char* key) {
  return metrics.contains(key) && metrics[key].is_string() ? metrics[key].get<std::string>()
                                                           : std::string();
}

double number_of(const Json& section, const char* key) {
  return section.is_object() && section.contains(key) && section[key].is_number()
             ? section[key].get<double>()
             : 0;
}

// "best_epoch": 3 as "best epoch", "3".
Facts facts_of(const Json& metrics, const char* section) {
  Facts facts;
  if (!metrics.contains(section) || !metrics[section].is_object()) return facts;
  for (const auto& [key, value] : metrics[section].items()) {
    std::string label = key;
    std::ranges::replace(label, '_', ' ');
    facts.emplace_back(label, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return facts;
}

}  // namespace

std::string metrics_json(const std::optional<EvaluationResult>& result, const Model& model,
                         const TrainingFacts& facts, const std::string& command) {
  const CpuInfo cpu = cpu_info();
  const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };
  Json metrics{{"split", result ? Json(result->split) : Json()},
               {"evaluation", result ? Json::parse(to_json(result->evaluation)) : Json()},
               {"training",
                {{"seconds", rounded(facts.seconds)},
                 {"steps", facts.num_steps},
                 {"epochs", facts.num_epochs},
                 {"best_epoch", facts.best_epoch},
                 {"networks", facts.num_networks},
                 {"seed", provenance(model, "seed")},
                 {"training_images", facts.num_train},
                 {"validation_images", facts.num_validation},
                 {"evaluation_seconds", rounded(result ? result->seconds : 0)},
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
               {"command", command}};
  if (result) metrics["data"][result->split + "_sha256"] = result->data_sha256;
  return metrics.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

RunMetrics parse_run_metrics(std::string_view text, const std::string& source) {
  const Json metrics = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!metrics.is_object())
    throw Error(ErrorCode::kBadData, "{}: expected a JSON object; run digitry train again", source);
  const Json training = metrics.value("training", Json());
  return {.split = text_of(metrics, "split"),
          .command = text_of(metrics, "command"),
          .seconds = number_of(training, "seconds"),
          .num_steps = static_cast<std::int64_t>(number_of(training, "steps")),
          .best_epoch = static_cast<std::int64_t>(number_of(training, "best_epoch")),
          .training = facts_of(metrics, "training"),
          .environment = facts_of(metrics, "environment"),
          .data = facts_of(metrics, "data")};
}

RunMetrics read_run_metrics(const RunFolder& run) {
  if (!run.finished())
    throw Error(ErrorCode::kBadData,
                "{}: its training is not finished; to go on: digitry train --resume --out {}",
                run.path.string(), shell_word(run.path.string()));
  return parse_run_metrics(read_file(run.metrics(), kMaxMetricsBytes), run.metrics().string());
}

const std::string& evaluated_split(const RunFolder& run, const RunMetrics& metrics) {
  if (std::ranges::find(kSplitNames, metrics.split) == kSplitNames.end())
    throw Error(ErrorCode::kBadData, "{}: names no split that the model was evaluated on",
                run.metrics().string());
  return metrics.split;
}

}  // namespace digitry
