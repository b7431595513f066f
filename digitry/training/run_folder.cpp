#include "digitry/training/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/json.h"
#include "digitry/base/version.h"
#include "digitry/base/words.h"
#include "digitry/evaluation/evaluation_text.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/cpu_info.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr int kMaxNumberedRuns = 100'000;

// Locks the folder itself: this leaves no lock file behind, and the lock ends with the process.
HeldRun hold(RunFolder run) {
  Descriptor lock(::open(run.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.get() < 0)
    throw Error(ErrorCode::kIo, "{}: {}", run.path.string(), std::strerror(errno));
  // Other errors are ignored: some file systems have no locks.
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw Error(ErrorCode::kUnavailable,
                "{}: another training is using this run; wait until it ends, or choose another "
                "folder (--out)",
                run.path.string());
  return {std::move(run), std::move(lock)};
}

void remove_leftovers_in(const RunFolder& run) {
  for (const fs::path& file :
       {run.config(), run.history(), run.metrics(), run.model(), run.checkpoint(), run.report()})
    remove_leftovers(file);
  for (const char* name : {"curves", "confusion", "reliability", "mistakes"})
    for (const char* ending : {".svg", ".png"})
      remove_leftovers(run.figures() / (std::string(name) + ending));
}

fs::path first_free_run(const std::string& recipe_name) {
  make_folder("runs");
  for (int number = 1; number < kMaxNumberedRuns; ++number) {
    fs::path path = fs::path("runs") / fmt::format("{}-{:03}", recipe_name, number);
    std::error_code error;
    // Creating the folder is also the test, so that two runs started at once never share a folder.
    if (fs::create_directory(path, error)) return path;
    if (error)
      throw Error(ErrorCode::kIo, "cannot create folder {}: {}", path.string(), error.message());
  }
  throw Error(
      ErrorCode::kIo,
      "runs/: all names for a run of '{}' are taken; remove old runs, or choose a folder (--out)",
      recipe_name);
}

}  // namespace

bool RunFolder::finished() const { return path_exists(metrics()) && !path_exists(checkpoint()); }

HeldRun make_run_folder(const std::string& out, const std::string& recipe_name) {
  if (out.empty()) return hold({first_free_run(recipe_name)});
  const fs::path path(out);
  const auto taken = [&] {
    return Error(ErrorCode::kInvalidArgument,
                 "{} already exists and is never overwritten; choose another folder (--out), "
                 "or continue an interrupted run with --resume",
                 out);
  };
  if (path_exists(path) && !is_folder(path)) throw taken();
  make_folder(path);
  HeldRun run = hold({path});
  // A training that was killed early may have left an incomplete first file.
  remove_leftovers(run.folder.config());
  if (!list_folder(path).empty()) throw taken();
  return run;
}

fs::path make_series_folder(const std::string& out, const std::string& recipe_name) {
  return make_run_folder(out, recipe_name).folder.path;
}

HeldRun hold_run_folder(const fs::path& path) {
  HeldRun run = hold(open_run_folder(path));
  remove_leftovers_in(run.folder);
  return run;
}

RunFolder open_run_folder(const fs::path& path) {
  RunFolder run{path};
  if (!path_exists(run.config()))
    throw Error(ErrorCode::kBadData, "{}: expected the folder of a run, found no config.toml in it",
                path.string());
  return run;
}

fs::path model_file(const fs::path& path) {
  if (!is_folder(path)) return path;
  const RunFolder run{path};
  if (!path_exists(run.model()))
    throw Error(ErrorCode::kBadData, "{}: expected a model.safetensors in this folder, found none",
                path.string());
  return run.model();
}

Model open_model(const std::string& name_or_path) {
  if (is_shipped_model(name_or_path)) return shipped_model(name_or_path);
  return load_model(model_file(name_or_path));
}

bool is_model(const std::string& name_or_path) {
  if (is_shipped_model(name_or_path) || name_or_path.ends_with(".safetensors")) return true;
  const RunFolder run{name_or_path};
  if (is_folder(name_or_path)) return path_exists(run.model()) || path_exists(run.config());
  std::error_code error;
  if (!fs::is_regular_file(name_or_path, error)) return false;
  // The header's length, 8 bytes, and its opening brace.
  std::array<char, 9> head{};
  std::ifstream file(name_or_path, std::ios::binary);
  return file.read(head.data(), head.size()) && head.back() == '{';
}

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

// Turns "best_epoch": 3 into "best epoch", "3".
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
  if (facts.fewest_threads) metrics["environment"]["fewest_threads"] = *facts.fewest_threads;
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
                "{}: the training of this run is not finished; to continue: digitry train --resume "
                "--out {}",
                run.path.string(), shell_word(run.path.string()));
  return parse_run_metrics(read_file(run.metrics(), kMaxMetricsBytes), run.metrics().string());
}

const std::string& evaluated_split(const RunFolder& run, const RunMetrics& metrics) {
  if (std::ranges::find(kSplitNames, metrics.split) == kSplitNames.end())
    throw Error(ErrorCode::kBadData,
                "{}: expected the split that the model was evaluated on, found none",
                run.metrics().string());
  return metrics.split;
}

}  // namespace digitry
