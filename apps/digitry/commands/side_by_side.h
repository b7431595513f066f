#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "apps/digitry/commands/train_run.h"
#include "digitry/comm/mpi.h"
#include "digitry/training/run.h"

namespace digitry::app {

/// Trains the runs in these folders to the end, several at a time. Each has a config.toml.
using TrainFolders = std::function<void(const std::vector<std::filesystem::path>& folders)>;

/// How the trainings of a series or an ensemble are shared out.
struct SideBySide {
  int jobs = 1;                ///< Processes on this machine, without mpirun.
  int ranks_per_training = 1;  ///< With mpirun.
  double checkpoint_seconds = 10;
};

/// Trains by at most `options.jobs` processes at a time, each with its share of the threads. Shows
/// how many are finished. Throws Error{kInterrupted} after Ctrl-C, and Error{kUnavailable} if one
/// of them fails; it has printed the reason.
void train_by_processes(const std::vector<std::filesystem::path>& folders,
                        const SideBySide& options, const TrainOutput& output);

/// Trains by groups of the ranks of mpirun. The folders must be on a file system that all hosts
/// share. All functions and the constructor are collective.
class RankGroups {
 public:
  /// Throws Error{kInvalidArgument} if the number of ranks is no multiple of
  /// `options.ranks_per_training`.
  RankGroups(MpiCommunicator& ranks, const SideBySide& options);
  /// Lets the other ranks return from `help`.
  ~RankGroups();
  RankGroups(const RankGroups&) = delete;
  RankGroups& operator=(const RankGroups&) = delete;

  /// On the first rank: trains the runs, folder i by group i modulo the number of groups.
  /// Throws the error of the first rank that failed.
  void train(const std::vector<std::filesystem::path>& folders, const TrainOutput& output);
  /// On the other ranks: trains what `train` shares out, until the first rank's object is gone.
  void help();

 private:
  void train_share(const std::string& order);

  MpiCommunicator& ranks_;
  SideBySide options_;
  std::unique_ptr<Communicator> group_;
};

}  // namespace digitry::app
