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

/// The settings of a study. All but `num_trials` are fixed when it is created.
struct StudySettings {
  Recipe recipe;
  SearchSpace space;
  std::string sampler = "tpe";
  std::uint64_t seed = 0;        ///< Seed of the sampler; trainings use the recipe's seed.
  bool stops_trials = true;      ///< Whether to use successive halving.
  std::int64_t num_trials = 30;  ///< Total number of trials.
  std::string data_sha256;       ///< Of the training images; empty if unknown.
};

enum class TrialState {
  kWaiting,  ///< Its process was stopped or killed; the trial has to start again.
  kRunning,
  kFinished,  ///< Completed all epochs.
  kStopped,   ///< Stopped by successive halving.
  kFailed,    ///< Diverged, or the recipe at its point is invalid.
};

/// "waiting", "running", "finished", "stopped", "failed".
std::string to_string(TrialState state);

struct Trial {
  std::int64_t id = 0;  ///< From 1.
  TrialState state = TrialState::kRunning;
  SearchPoint point;
  std::int64_t epochs = 0;  ///< Epochs completed.
  double score = 0;         ///< Best validation accuracy so far.
  double loss = 0;          ///< Validation loss of that epoch.
  double seconds = 0;       ///< Training time.
  std::string message;      ///< Why it failed.
  /// Validation accuracies of the same recipe with fresh seeds (those after the study's); 0 if a
  /// training diverged.
  std::vector<double> fresh_scores;

  /// Whether the trial needs no more work.
  bool ended() const { return state != TrialState::kWaiting && state != TrialState::kRunning; }
  /// Mean of `fresh_scores`; `score` if there are none.
  double final_score() const;
};

/// The trials of a search, in a SQLite file. Several processes may work on it at once, and it stays
/// usable after kill -9. docs/tuning.md describes the tables.
class Study {
 public:
  /// Throws Error{kInvalidArgument} if the file exists.
  static void create(const std::filesystem::path& path, const StudySettings& settings);

  /// Throws Error{kBadData} if `path` is missing or not a study of this version.
  explicit Study(const std::filesystem::path& path);

  const StudySettings& settings() const { return settings_; }

  void set_num_trials(std::int64_t num_trials);

  /// Starts the next trial for this process: a waiting one, else a new one if there are fewer than
  /// `num_trials`. Nothing if no trial is left.
  std::optional<Trial> begin_trial();
  /// Records an epoch and updates the trial's best epoch.
  void record_epoch(std::int64_t trial, std::int64_t epoch, double score, double loss,
                    double seconds);
  /// Best scores of the other trials up to the end of that epoch.
  std::vector<double> other_scores(std::int64_t trial, std::int64_t epoch);
  void end_trial(std::int64_t trial, TrialState state, const std::string& message = {});

  /// Records the score of the trial's recipe with one more fresh seed.
  void add_fresh_score(std::int64_t trial, double score);

  std::vector<Trial> trials();
  /// The finished trials, best first: by the number of fresh scores (only the best are retrained),
  /// then by `final_score`, then by the lowest loss.
  std::vector<Trial> ranking();
  /// The first of `ranking`.
  std::optional<Trial> best();

  enum class Lost { kOfThisMachine, kAll };
  /// Marks running trials as waiting if their process on this machine no longer exists; with `kAll`
  /// also those of other machines, whose state is unknown. Returns their number.
  std::int64_t reclaim_lost_trials(Lost which = Lost::kOfThisMachine);
  /// The other machines on which trials run, according to the study.
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
