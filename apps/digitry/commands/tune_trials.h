#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "digitry/tuning/study.h"
#include "digitry/tuning/tuner.h"

namespace digitry::app {

/// What a person asks of `digitry tune`.
struct TuneOptions {
  std::string recipe;
  std::string space;
  std::string out;
  std::string data;
  std::string sampler = "tpe";
  std::int64_t trials = 0;  ///< 0: as many as the study says.
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

/// Runs trials until there are enough, or the time is over: here, or in processes of their own that
/// share the study. Tells of each as it ends.
/// Throws Error{kUnavailable} where such a process failed and left trials behind, and what trials
/// throw.
SearchEnd search(Study& study, const TuneOptions& options, const std::filesystem::path& folder);

/// Trains the best few again with fresh seeds, telling of each.
SearchEnd retrain(Study& study, std::int64_t num_seeds);

/// The study of a folder.
std::filesystem::path study_path(const std::filesystem::path& folder);

/// Prints what a search has found, for a person or as JSON.
void print_search_result(Study& study, const Trial& best, const std::filesystem::path& folder,
                         bool as_json);

/// Writes tune.html: the study as far as it is, for a person to look at. That it cannot be written
/// is no failure of the search, and is warned of.
void write_study_page(Study& study, const std::optional<Trial>& best, const std::string& recipe,
                      const std::filesystem::path& folder);

}  // namespace digitry::app
