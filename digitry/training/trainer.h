#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "digitry/augment/augment.h"
#include "digitry/base/error.h"
#include "digitry/data/dataset.h"
#include "digitry/data/split.h"
#include "digitry/evaluation/history.h"
#include "digitry/model_io/safetensors.h"
#include "digitry/nn/network.h"
#include "digitry/nn/plan/plan.h"
#include "digitry/nn/plan/session.h"
#include "digitry/optim/optimizer.h"
#include "digitry/optim/schedule.h"
#include "digitry/training/recipe.h"

namespace digitry {

/// How far a training is, told after every step.
struct TrainingProgress {
  std::int64_t epoch = 0;  ///< From 1.
  std::int64_t num_epochs = 0;
  std::int64_t step_in_epoch = 0;  ///< Steps done of this epoch.
  std::int64_t steps_per_epoch = 0;
  double images_per_second = 0;
  double loss = 0;      ///< Mean of this epoch so far.
  double accuracy = 0;  ///< Likewise.
  double seconds_left = 0;
};

/// What a training tells and asks; empty functions are not called.
struct TrainingObserver {
  std::function<void(const TrainingProgress&)> on_step = {};
  /// `best` where the epoch's weights are the best on validation so far.
  std::function<void(const EpochRecord&, bool best)> on_epoch = {};
  /// Asked after every step; true stops the training there.
  std::function<bool()> should_stop = {};
  /// Asked after every step, at most once in `checkpoint_seconds`, and when training is stopped or
  /// diverges: then with the last good state, the end of an epoch or what was resumed from.
  std::function<void(const Checkpoint&)> save = {};
  double checkpoint_seconds = 10;
};

enum class TrainingEnd { kFinished, kEarlyStopped, kInterrupted };

/// Trains one network on one data set. The same recipe (seed included), data and number of threads
/// give the same weights, bit for bit, whether or not the training was interrupted and resumed.
class Trainer {
 public:
  /// Builds and plans everything; `train` has to outlive the trainer.
  /// Throws Error{kBadData} where the recipe breaks a rule of parse_recipe or the data have no
  /// labels, labels of no class or not one an image, Error{kShapeMismatch} where the layers do not
  /// fit the images.
  Trainer(const Recipe& recipe, const Dataset& train);
  /// A temporary would be gone before it is trained on.
  Trainer(const Recipe& recipe, const Dataset&& train) = delete;

  /// Goes on from a checkpoint of the same recipe and data. Throws Error{kBadData} where it is of
  /// others or damaged; the trainer is of no use then.
  void resume(const Checkpoint& checkpoint);

  /// Runs to the end, or until the observer stops it. Afterwards `network` holds the weights of the
  /// best epoch on validation, or the last ones where there is no validation.
  /// Throws Error{kDiverged} where a loss or, at the end of an epoch, a weight or a value of the
  /// optimizer is not finite. The trainer is back at its last good state then, and `network` holds
  /// the weights to keep as above.
  TrainingEnd run(const TrainingObserver& observer);

  const Recipe& recipe() const { return recipe_; }
  const Network& network() const { return network_; }
  const History& history() const { return history_; }
  const ValidationSplit& split() const { return split_; }
  /// Of training alone, all runs together: from the first step to the end of the last epoch.
  double elapsed_seconds() const { return elapsed_seconds_; }
  std::int64_t num_steps_done() const { return step_; }
  /// The plan of a full batch, for those who want to know which kernels run.
  const Plan& plan() const { return *full_plan_; }
  /// From now on the full batches' operations are timed: plan().profile().
  void start_profile() { full_plan_->start_profile(); }

 private:
  struct EpochTotals {
    double loss = 0;
    std::int64_t correct = 0;
    std::int64_t images = 0;
    double seconds = 0;
  };

  // All values are finite in it: the start, the end of an epoch, or what was resumed from.
  struct GoodState {
    std::int64_t step = 0;
    EpochTotals totals;
    std::vector<std::vector<float>> arrays;
  };

  TrainingEnd run_steps(const TrainingObserver& observer);
  void start_epoch();
  void train_batch();
  void fill_input(std::span<const std::int32_t> image_indices, std::span<float> input) const;
  bool epochs_left() const;
  Plan& plan_for(std::int64_t rows);
  double rate_factor(std::int64_t step) const;
  double gradient_factor(double loss);
  TrainingProgress progress() const;
  // The error of a step, counted from 1.
  Error diverged(std::int64_t step, const std::string& finding) const;

  void finish_epoch();
  void judge(EpochRecord& record);
  void keep_best_weights();
  void check_finite();
  // What is validated and kept: the parameters, or their moving average where there is one.
  std::span<float> judged_values();
  std::vector<Parameter> kept_weights();

  // All that steps change, laid out like the arena, with their names in a checkpoint.
  std::vector<std::pair<std::string, std::span<float>>> arrays();
  // The name of the first that is not finite throughout; empty where all are.
  std::string not_finite();
  void keep_good_state();
  void return_to_good_state();
  Checkpoint checkpoint();
  void restore(const Checkpoint& checkpoint);

  Recipe recipe_;
  const Dataset& data_;
  ValidationSplit split_;
  Network network_;
  Preprocessing preprocessing_;
  ParameterArena arena_{/*with_gradients=*/true};
  std::unique_ptr<Plan> full_plan_;
  std::unique_ptr<Plan> last_plan_;  // For the smaller batch that ends an epoch.
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Schedule> schedule_;
  std::optional<Predictor> predictor_;
  std::optional<Augmenter> augmenter_;  // Where the recipe asks for it; never for validation.

  std::vector<std::int32_t> order_;  // Image indices of the running epoch.
  std::vector<std::int32_t> batch_labels_;
  std::vector<float> batch_losses_;
  std::int64_t steps_per_epoch_ = 0;
  std::int64_t epoch_ = 0;  // Finished ones.
  std::int64_t step_ = 0;   // Of the whole training.
  EpochTotals totals_;
  History history_;
  std::vector<double> validation_losses_;  // The history's.
  std::vector<Parameter> best_;
  std::vector<float> average_;  // Of the weights; empty where none is wanted.
  GoodState good_;
  double elapsed_seconds_ = 0;
};

}  // namespace digitry
