#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "digitry/tuning/study.h"
#include "digitry/tuning/tuner.h"

namespace digitry::app {

/// The options of `digitry tune`.
struct TuneOptions {
  std::string recipe;
  std::string space;
  std::string out;
  std::string data;
  std::string sampler = "tpe";
  std::int64_t trials = 0;  ///< 0: as in the study.
  std::int64_t workers = 1;
  std::int64_t seed = 0;
  std::int64_t seeds = 0;
  std::int64_t epochs = 0;
  double time_limit = 0;
  bool resume = false;
  bool take_over = false;
  bool no_stopping = false;
  bool worker = false;
  bool json = false;
  int threads = 0;
};

/// Runs trials until there are enough or the time limit is reached, in this process or in workers
/// that share the study. Prints each trial when it ends. Throws Error{kUnavailable} if a worker
/// failed and left trials unfinished, and as `run_trials`.
SearchEnd search(Study& study, const TuneOptions& options, const std::filesystem::path& folder);

/// Retrains the best three trials with fresh seeds and prints each.
SearchEnd retrain(Study& study, std::int64_t num_seeds);

/// The path of the study in a folder.
std::filesystem::path study_path(const std::filesystem::path& folder);

/// Prints the result of a search, as text or as JSON.
void print_search_result(Study& study, const Trial& best, const std::filesystem::path& folder,
                         bool as_json);

/// Writes tune.html, the page of the study, also of an unfinished one. A failure is only a warning.
void write_study_page(Study& study, const std::optional<Trial>& best, const std::string& recipe,
                      const std::filesystem::path& folder);

}  // namespace digitry::app
