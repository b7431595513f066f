#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "digitry/training/recipe.h"
#include "digitry/tuning/sampler.h"
#include "digitry/tuning/search_space.h"

namespace digitry {

class Database;

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
  std::string host;         ///< Name of the machine that ran it last.
  double begun = 0;         ///< Seconds since 1970, by the study's clock.
  double ended_at = 0;      ///< 0 if it has not ended.
  /// Validation accuracies of the same recipe with fresh seeds (those after the study's); 0 if a
  /// training diverged.
  std::vector<double> fresh_scores;

  /// Whether the trial needs no more work.
  bool ended() const { return state != TrialState::kWaiting && state != TrialState::kRunning; }
  /// Mean of `fresh_scores`; `score` if there are none.
  double final_score() const;
};

/// An epoch of a trial.
struct TrialEpoch {
  std::int64_t trial = 0;
  std::int64_t epoch = 0;
  double score = 0;
  double loss = 0;
  double seconds = 0;
};

/// The trials of a search, in a SQLite file or on a PostgreSQL server. Several processes may work
/// on it at once, and it stays usable after kill -9 of them or of the server. docs/tuning.md
/// describes the tables.
///
/// A trial belongs to the process that began it while that process reports every few seconds
/// (`Heartbeat`, and with each epoch). A process that has not reported for a minute by the clock of
/// the study, or that no longer exists on this machine, loses its trial to the next process that
/// begins one; what it still records is then ignored.
///
/// `location` is the path of a file, or postgresql://[USER@]HOST[:PORT]/DATABASE[?study=NAME]; what
/// else a URL may have and what it may leave out is as in libpq (PGPASSWORD, ~/.pgpass). All
/// functions throw Error{kUnavailable} if the server cannot be reached, or not again within two
/// minutes, and Error{kIo} if the study cannot be read or written. No message has a password.
class Study {
 public:
  /// Throws Error{kInvalidArgument} if there is a study or a file.
  static void create(const std::string& location, const StudySettings& settings);

  /// Throws Error{kBadData} if `location` has no study, or one of a newer version. Brings one of an
  /// older version to this one.
  explicit Study(const std::string& location);

  /// Creates the study if it is missing, or joins it. Throws Error{kInvalidArgument} if it has
  /// other settings than these, apart from `num_trials`, which stays as it is.
  static Study join(const std::string& location, const StudySettings& settings);

  ~Study();
  Study(const Study&) = delete;
  Study& operator=(const Study&) = delete;

  const StudySettings& settings() const { return settings_; }
  /// The location, without password.
  const std::string& name() const;

  void set_num_trials(std::int64_t num_trials);

  /// Starts the next trial for this process: a waiting or lost one, else a new one if there are
  /// fewer than `num_trials`. Nothing if no trial is left to start.
  std::optional<Trial> begin_trial();
  /// Number of trials that run, here or elsewhere, or wait.
  std::int64_t num_open();
  /// Records an epoch and updates the trial's best epoch. False if another process has taken the
  /// trial over: then nothing is recorded.
  bool record_epoch(std::int64_t trial, std::int64_t epoch, double score, double loss,
                    double seconds);
  /// Best scores of the other trials up to the end of that epoch. Of two trials that record an
  /// epoch at the same time, the later one sees the earlier.
  std::vector<double> other_scores(std::int64_t trial, std::int64_t epoch);
  /// False if another process has taken the trial over: then nothing is recorded.
  bool end_trial(std::int64_t trial, TrialState state, const std::string& message = {});

  /// Records the score of the trial's recipe with fresh seed `number`, from 1, unless there is one.
  void record_fresh_score(std::int64_t trial, std::int64_t number, double score);

  /// In the order of their ids.
  std::vector<Trial> trials();
  /// Those of all trials, in the order of trials and epochs.
  std::vector<TrialEpoch> epochs();
  /// The finished trials, best first: by the number of fresh scores (only the best are retrained),
  /// then by `final_score`, then by the lowest loss.
  std::vector<Trial> ranking();
  /// The first of `ranking`.
  std::optional<Trial> best();

  /// Marks lost trials as waiting, as `begin_trial` does. Returns their number.
  std::int64_t reclaim_lost_trials();

 private:
  friend class Heartbeat;

  std::vector<Trial> read_trials();
  std::int64_t reclaim_lost();
  std::optional<Trial> take_waiting(const std::string& claim);
  std::optional<Trial> add_trial(const std::string& claim);
  /// The token by which this process holds the trial, or empty.
  std::string claim_of(std::int64_t trial) const;

  std::string location_;
  std::unique_ptr<Database> database_;
  StudySettings settings_;
  std::unique_ptr<Sampler> sampler_;
  std::map<std::int64_t, std::string> claims_;
};

/// The recipe of a trial, named after the study's.
Recipe recipe_of(const StudySettings& settings, const Trial& trial);

}  // namespace digitry
