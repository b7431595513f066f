#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "digitry/training/recipe.h"
#include "digitry/tuning/database.h"
#include "digitry/tuning/sampler.h"
#include "digitry/tuning/search_space.h"

namespace digitry {

/// What a study searches; but for the number of trials, fixed when it is created.
struct StudySettings {
  Recipe recipe;
  SearchSpace space;
  std::string sampler = "tpe";
  std::uint64_t seed = 0;        ///< Of the sampler. Trainings take the recipe's.
  bool stops_trials = true;      ///< By successive halving.
  std::int64_t num_trials = 30;  ///< In all.
  std::string data_sha256;       ///< Of the training images; empty: not known.
};

enum class TrialState {
  kWaiting,  ///< Its process was stopped or killed; somebody is to begin it again.
  kRunning,
  kFinished,  ///< All its epochs.
  kStopped,   ///< By successive halving.
  kFailed,    ///< Diverged, or the recipe at its point is none.
};

/// "waiting", "running", "finished", "stopped", "failed".
std::string to_string(TrialState state);

struct Trial {
  std::int64_t id = 0;  ///< From 1.
  TrialState state = TrialState::kRunning;
  SearchPoint point;
  std::int64_t epochs = 0;  ///< Done so far.
  double score = 0;         ///< Best validation accuracy so far.
  double loss = 0;          ///< Validation loss of that epoch.
  double seconds = 0;       ///< Of training.
  std::string message;      ///< Why it failed.
  /// Validation accuracies of the same recipe, trained again with the seeds after the study's; 0
  /// where that diverged.
  std::vector<double> fresh_scores;

  /// Whether nobody is to work on it any more.
  bool ended() const { return state != TrialState::kWaiting && state != TrialState::kRunning; }
  /// Mean of `fresh_scores`, or where there are none, `score`.
  double judged_score() const;
};

/// Trials of a search in a SQLite file, which several processes may work on at once and which a
/// kill -9 leaves usable. docs/tuning.md describes its tables, for those who want to query them.
class Study {
 public:
  /// Throws Error{kInvalidArgument} where there is a file already.
  static void create(const std::filesystem::path& path, const StudySettings& settings);

  /// Throws Error{kBadData} where `path` is missing or no study of this version.
  explicit Study(const std::filesystem::path& path);

  const StudySettings& settings() const { return settings_; }

  void set_num_trials(std::int64_t num_trials);

  /// The next trial, now running for this process: one that waits, or a new one while there are
  /// fewer than the settings' `num_trials`. Nothing where there is none left to begin.
  std::optional<Trial> begin_trial();
  /// Keeps the best epoch's figures in the trial, too.
  void record_epoch(std::int64_t trial, std::int64_t epoch, double score, double loss,
                    double seconds);
  /// What the other trials had at the end of that epoch.
  std::vector<double> other_scores(std::int64_t trial, std::int64_t epoch);
  void end_trial(std::int64_t trial, TrialState state, const std::string& message = {});

  /// Keeps what the trial's recipe got with one more seed.
  void add_fresh_score(std::int64_t trial, double score);

  std::vector<Trial> trials();
  /// Those that finished, best first: the more fresh scores one has the better, as only the best
  /// are trained again; then the higher `judged_score`, then the lower loss.
  std::vector<Trial> ranking();
  /// The first of them.
  std::optional<Trial> best();

  /// Trials that say they run in a process of this machine that is gone wait to be begun again;
  /// with `kAll` also those of other machines, of which nothing is known. Returns how many.
  enum class Lost { kOfThisMachine, kAll };
  std::int64_t reclaim_lost_trials(Lost which = Lost::kOfThisMachine);
  /// The machines that trials say they run on, other than this.
  std::vector<std::string> other_machines();

 private:
  Trial claim(Trial trial);

  Database database_;
  StudySettings settings_;
  std::unique_ptr<Sampler> sampler_;
};

/// The recipe of a trial, named after the study's.
Recipe recipe_of(const StudySettings& settings, const Trial& trial);

}  // namespace digitry
