#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "digitry/comm/mpi.h"
#include "digitry/tuning/study.h"
#include "digitry/tuning/tuner.h"

namespace digitry::app {

/// The environment variable with the location of a study.
inline constexpr const char* kStudyVariable = "DIGITRY_STUDY";

/// The options of `digitry tune`.
struct TuneOptions {
  std::string recipe;
  std::string space;
  std::string out;
  std::string study;        ///< File or URL; empty: study.sqlite in `out`.
  std::string export_file;  ///< Only writes the study as JSON.
  std::string data;
  std::string sampler = "tpe";
  std::int64_t trials = 0;  ///< 0: as in the study.
  std::int64_t jobs = 1;
  int ranks_per_training = 1;  ///< With mpirun.
  std::int64_t seed = 0;
  std::int64_t seeds = 0;
  std::int64_t epochs = 0;
  double time_limit = 0;
  bool resume = false;
  bool no_stopping = false;
  bool worker = false;
  bool json = false;
  int threads = 0;
};

/// Runs trials until there are enough or the time limit is reached, in this process or in workers
/// that share the study at `location`. Prints each trial when it ends, also those of other
/// machines. Throws Error{kUnavailable} if a worker failed and left trials unfinished, and as
/// `run_trials`.
SearchEnd search(Study& study, const TuneOptions& options, const std::string& location);

/// The same by the ranks of mpirun, each with its own object of the same study: each group of ranks
/// takes trials, which its ranks train together. The first rank prints. Returns the same on all
/// ranks, after the trials of all have ended.
SearchEnd search_by_ranks(Study& study, const TuneOptions& options, MpiCommunicator& ranks,
                          Communicator& group);

/// Retrains the best three trials with fresh seeds and prints each.
SearchEnd retrain(Study& study, std::int64_t num_seeds);

/// The end of a message about a search that is not over: the command that resumes it.
std::string resume_hint(const TuneOptions& options, const std::filesystem::path& folder);

/// Prints the result of a search, as text or as JSON.
void print_search_result(Study& study, const Trial& best, const std::filesystem::path& folder,
                         bool as_json);

/// Writes tune.html, the page of the study, also of an unfinished one. A failure is only a warning.
void write_study_page(Study& study, const std::optional<Trial>& best, const std::string& recipe,
                      const std::filesystem::path& folder);

}  // namespace digitry::app
