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
#include "digitry/augment/pieces.h"
#include "digitry/base/communicator.h"
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
#include "digitry/training/gradient_sum.h"
#include "digitry/training/recipe.h"

namespace digitry {

/// The progress of a training, reported after every step.
struct TrainingProgress {
  std::int64_t epoch = 0;  ///< From 1.
  std::int64_t num_epochs = 0;
  std::int64_t step_in_epoch = 0;  ///< Steps done of this epoch.
  std::int64_t steps_per_epoch = 0;
  double images_per_second = 0;
  double loss = 0;      ///< Mean over this epoch so far.
  double accuracy = 0;  ///< Likewise.
  double seconds_left = 0;
};

/// Functions that a training calls; empty functions are not called.
struct TrainingObserver {
  std::function<void(const TrainingProgress&)> on_step = {};
  /// `best`: whether the weights of the epoch are the best on validation so far.
  std::function<void(const EpochRecord&, bool best)> on_epoch = {};
  /// Called after every step; true stops the training.
  std::function<bool()> should_stop = {};
  /// Called after a step, at most once per `checkpoint_seconds`, and when training is stopped or
  /// diverges. After divergence the checkpoint is the last good state: the end of an epoch, or the
  /// state that was resumed.
  std::function<void(const Checkpoint&)> save = {};
  double checkpoint_seconds = 10;
  /// Called after every step: the number of threads to continue with, such as a ThreadAdvisor's.
  /// The last bits of the weights depend on it. Not called if there are several ranks.
  std::function<int()> num_threads = {};
};

enum class TrainingEnd { kFinished, kEarlyStopped, kInterrupted };

/// Trains one network on one data set. The same recipe (including the seed), data and number of
/// threads give the same weights, bit for bit, even if the training is interrupted and resumed.
///
/// With several ranks, each has a trainer of the same recipe and data. Each computes its share of
/// every batch, and the gradients are summed, so that all have the same weights after every step.
/// The same number of ranks gives the same bits; another number gives other last bits, because
/// floating-point sums depend on their order. A batch norm layer normalises the share of each rank
/// by itself, and its running statistics are the mean over the ranks; or it takes mean and variance
/// over the whole batch, if `Recipe::batch_norm` is "synchronized".
/// Source: Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017,
/// sec. 3.
class Trainer {
 public:
  /// Builds and plans everything; `train` and `ranks` must outlive the trainer.
  /// Throws Error{kInvalidArgument} if there are more ranks than images in a batch,
  /// Error{kBadData} if the recipe breaks a rule of parse_recipe, or if the data have no
  /// labels, labels out of range or not one label per image, or weights that `loss_weights`
  /// rejects; Error{kShapeMismatch} if the layers do not fit the images.
  Trainer(const Recipe& recipe, const Dataset& train, Communicator& ranks = one_rank());
  /// Deleted: a temporary would be destroyed before training.
  Trainer(const Recipe& recipe, const Dataset&& train, Communicator& ranks = one_rank()) = delete;

  /// Continues from a checkpoint of the same recipe and data. Throws Error{kBadData} if the
  /// checkpoint belongs to others or is damaged; the trainer must not be used then.
  void resume(const Checkpoint& checkpoint);

  /// Runs to the end, or until the observer stops it. Afterwards `network` holds the weights of the
  /// best epoch on validation, or the last ones if there is no validation. Collective: all ranks
  /// stop at the same step if the observer of one of them stops. Observers with `save` write the
  /// same checkpoint, so one is enough.
  /// Throws Error{kDiverged} if a loss or, at the end of an epoch, a weight or a value of the
  /// optimizer is not finite. The trainer then has its last good state, and `network` the weights
  /// of that state, chosen as above. Before the first step, throws Error{kBadData} if a rank has
  /// another recipe or other data than rank 0, and Error{kUnavailable} if it has another version or
  /// computes differently (another processor, for instance); likewise at the end of an epoch.
  TrainingEnd run(const TrainingObserver& observer);

  const Recipe& recipe() const { return recipe_; }
  const Network& network() const { return network_; }
  const History& history() const { return history_; }
  const ValidationSplit& split() const { return split_; }
  /// The images that it validates on, and that its model is to be calibrated on, by the indices of
  /// `split`: the data, or the pieces made of them (`make_pieces`).
  const Dataset& examples() const { return pieces_ ? *pieces_ : data_; }
  /// Time of training, over all runs: from the first step to the end of the last epoch.
  double elapsed_seconds() const { return elapsed_seconds_; }
  std::int64_t num_steps_done() const { return step_; }
  /// The smallest number of threads of a step so far.
  int fewest_threads() const { return fewest_threads_; }
  /// Images per step, of all ranks together.
  std::int64_t batch_size() const { return batch_size_; }
  /// The plan of this rank's share of a full batch, to inspect which kernels run.
  const Plan& plan() const { return *full_plan_; }
  /// Starts to time the operations of full batches: plan().profile().
  void start_profile() { full_plan_->start_profile(); }

 private:
  struct EpochTotals {
    double loss = 0;
    std::int64_t correct = 0;
    std::int64_t images = 0;
    double seconds = 0;
  };

  // A state in which all values are finite: the start, the end of an epoch, or the resumed state.
  struct GoodState {
    std::int64_t step = 0;
    EpochTotals totals;
    std::vector<std::vector<float>> arrays;
  };

  // What observers want. Ranks do it together, so a wish goes along with the sums of the next step.
  struct Wishes {
    bool stop = false;
    bool save = false;
  };

  // Plans for the calling thread's number of threads. The layouts in the arena, and so all that was
  // learnt, stay those of the first plans.
  void make_plans(std::int64_t num_images);
  void use_threads(int count);
  TrainingEnd run_steps(const TrainingObserver& observer);
  void start_epoch();
  void train_batch();
  void fill_batch(std::span<const std::int32_t> image_indices, std::span<float> input,
                  std::span<std::int32_t> labels) const;
  bool epochs_left() const;
  double rate_factor(std::int64_t step) const;
  double gradient_factor(double loss);
  TrainingProgress progress() const;
  // The error of a step, counted from 1.
  Error diverged(std::int64_t step, const std::string& finding) const;

  void finish_epoch();
  void validate(EpochRecord& record);
  // The cross-entropy of each validation image, in order, and 1 for the correct ones, 0 for others.
  // Each rank computes its share.
  std::pair<std::vector<float>, std::vector<float>> validation_losses();
  void keep_best_weights();
  void check_finite();
  // The values that are validated and kept: the moving average of the parameters if there is one,
  // else the parameters.
  std::span<float> validated_values();
  std::vector<Parameter> kept_weights();

  // Of all ranks together; collective.
  void check_same_start();
  void check_same_weights();
  void average_running_statistics();
  // Whether batch norm takes mean and variance over the images of all ranks.
  bool has_synchronized_batch_norm() const;

  // All arrays that steps change, laid out like the arena, with their names in a checkpoint.
  std::vector<std::pair<std::string, std::span<float>>> arrays();
  // The name of the first array with a value that is not finite; empty if there is none.
  std::string not_finite();
  void keep_good_state();
  void restore_good_state();
  Checkpoint checkpoint();
  void restore(const Checkpoint& checkpoint);

  Recipe recipe_;
  const Dataset& data_;
  Communicator& ranks_;
  ValidationSplit split_;
  std::optional<PieceMaker> piece_maker_;  // Only if the recipe has pieces; so is `pieces_`.
  std::optional<Dataset> pieces_;
  Network network_;
  Preprocessing preprocessing_;
  ParameterArena arena_{/*with_gradients=*/true};
  std::unique_ptr<Plan> full_plan_;
  // For the smaller last batch of an epoch; empty if there is none, or this rank has no image of it
  // and takes part in no sum of batch norm.
  std::unique_ptr<Plan> last_plan_;
  std::optional<GradientSum> gradient_sum_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Schedule> schedule_;
  std::optional<Predictor> predictor_;
  std::optional<Augmenter>
      augmenter_;  // Only if the recipe has augmentation; not used for validation.

  std::vector<std::int32_t> order_;  // Image indices of the current epoch.
  std::vector<std::int32_t> batch_labels_;
  std::vector<float> batch_losses_;
  std::vector<float> loss_weights_;  // One per image of the data; empty: all are 1.
  std::int64_t batch_size_ = 0;
  std::int64_t steps_per_epoch_ = 0;
  std::int64_t epoch_ = 0;  // Number of finished epochs.
  std::int64_t step_ = 0;   // Of the whole training.
  EpochTotals totals_;
  Wishes wishes_;  // Of this rank.
  Wishes agreed_;  // Of all ranks.
  History history_;
  std::vector<double> validation_losses_;  // Of the epochs in the history.
  std::vector<Parameter> best_;
  std::vector<float> average_;  // Moving average of the weights; empty if off.
  GoodState good_;
  double elapsed_seconds_ = 0;
  int num_threads_ = 0;  // Of the plans.
  int fewest_threads_ = 0;
};

}  // namespace digitry
