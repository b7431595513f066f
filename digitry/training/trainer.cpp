#include "digitry/training/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include "digitry/base/parallel.h"
#include "digitry/base/random.h"
#include "digitry/kernels/optimizer_updates.h"
#include "digitry/kernels/softmax_cross_entropy.h"
#include "digitry/optim/optimizer.h"
#include "digitry/training/loss_weights.h"

// Trainer: the steps of an epoch. Its end, with validation and the last good state that training
// can return to, is in trainer_epoch_end.cpp, its checkpoints are in trainer_checkpoint.cpp, what
// ranks do together in trainer_ranks.cpp.

namespace digitry {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

const Recipe& checked(const Recipe& recipe) {
  check_recipe(recipe, fmt::format("recipe '{}'", recipe.name));
  return recipe;
}

const Dataset& labelled(const Dataset& data) {
  if (!data.labelled())
    throw Error(ErrorCode::kBadData, "{}: these images have no labels; training needs labels",
                data.name);
  if (std::ssize(data.labels) != data.num_images())
    throw Error(ErrorCode::kBadData, "{}: expected {} labels, one per image, found {}", data.name,
                data.num_images(), data.labels.size());
  for (const std::int32_t label : data.labels)
    if (label < 0 || label >= data.num_classes())
      throw Error(ErrorCode::kBadData, "{}: expected labels in [0, {}], found {}", data.name,
                  data.num_classes() - 1, label);
  return data;
}

}  // namespace

Trainer::Trainer(const Recipe& recipe, const Dataset& train, Communicator& ranks)
    : recipe_(checked(recipe)),
      data_(labelled(train)),
      ranks_(ranks),
      split_(split_by(recipe, train)),
      network_(train.image_shape(), std::ssize(class_names_of(recipe, train)), recipe.layers),
      schedule_(make_schedule(recipe.schedule)),
      order_(split_.train) {
  network_.initialize(recipe.seed);
  make_plans(std::ssize(split_.train));
  fewest_threads_ = num_threads_;
  arena_.load(network_.parameters());
  gradient_sum_.emplace(ranks_, arena_, network_);
  optimizer_ = make_optimizer(
      recipe_.optimizer, {.all = arena_.values().size(), .decayed = arena_.num_weight_values()});
  if (recipe_.ema_decay > 0) average_.assign(arena_.values().begin(), arena_.values().end());
  loss_weights_ = loss_weights(train, split_.train, recipe_.class_weights == "balanced");
  batch_labels_.resize(static_cast<std::size_t>(full_plan_->batch_size()));
  batch_losses_.resize(static_cast<std::size_t>(full_plan_->batch_size()));
  if (recipe_.pieces.any()) {
    if (!loss_weights_.empty())
      throw Error(ErrorCode::kBadData,
                  "{}: these images have weights, which [pieces] cannot use: a piece is made of "
                  "several images",
                  train.name);
    piece_maker_.emplace(recipe_.pieces, train.images, train.labels, split_.train,
                         train.num_classes(), recipe_.seed);
    pieces_ = make_pieces(recipe_, train, split_);
  }
  if (recipe_.augmentation.any())
    augmenter_.emplace(recipe_.augmentation, train.image_shape(), recipe_.seed);
  keep_good_state();
}

void Trainer::make_plans(std::int64_t num_images) {
  // A data set smaller than a batch is one batch.
  batch_size_ = std::min(recipe_.batch_size, num_images);
  if (ranks_.size() > batch_size_)
    throw Error(ErrorCode::kInvalidArgument,
                "expected at most as many ranks as images in a batch ({}), got {}; start fewer "
                "ranks, or use a larger batch size",
                batch_size_, ranks_.size());
  steps_per_epoch_ = (num_images + batch_size_ - 1) / batch_size_;
  const bool synchronized = has_synchronized_batch_norm();
  const auto plan = [&](std::int64_t share) {
    return std::make_unique<Plan>(network_, share, PlanMode::kTraining, arena_,
                                  parse_precision(recipe_.precision),
                                  synchronized ? &ranks_ : nullptr);
  };
  // The first plan chooses the arena's layouts. They must be the same on all ranks, whose shares
  // differ by one image.
  const std::int64_t largest = (batch_size_ + ranks_.size() - 1) / ranks_.size();
  full_plan_ = plan(largest);
  if (const std::int64_t share = share_of(ranks_, batch_size_).count; share != largest)
    full_plan_ = plan(share);
  const std::int64_t in_last = num_images % batch_size_;
  std::int64_t rest = share_of(ranks_, in_last).count;
  // A rank without an image of the last batch takes part in the sums of batch norm with a blank
  // one.
  if (synchronized && in_last != 0) rest = std::max<std::int64_t>(rest, 1);
  if (rest != 0) last_plan_ = plan(rest);
  if (!split_.validation.empty())
    predictor_.emplace(network_, preprocessing_, 500, parse_precision(recipe_.precision));
  num_threads_ = num_threads();
}

void Trainer::use_threads(int count) {
  if (count == num_threads_) return;
  set_num_threads(count);
  make_plans(std::ssize(split_.train));
  fewest_threads_ = std::min(fewest_threads_, num_threads_);
}

TrainingEnd Trainer::run(const TrainingObserver& observer) {
  check_same_start();
  try {
    const TrainingEnd end = run_steps(observer);
    network_.set_parameters(kept_weights());
    return end;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kDiverged) {
      restore_good_state();
      network_.set_parameters(kept_weights());
      if (observer.save) observer.save(checkpoint());
    }
    throw;
  }
}

TrainingEnd Trainer::run_steps(const TrainingObserver& observer) {
  TrainingEnd end = TrainingEnd::kFinished;
  Clock::time_point last_save = Clock::now();
  // After a resume in the middle of an epoch, the order is not yet computed.
  if (step_ % steps_per_epoch_ != 0) start_epoch();
  while (epochs_left()) {
    const Clock::time_point start = Clock::now();
    if (step_ % steps_per_epoch_ == 0) {
      totals_ = {};
      start_epoch();
    }
    train_batch();
    totals_.seconds += seconds_since(start);
    const bool epoch_ends = step_ % steps_per_epoch_ == 0;
    const TrainingProgress now = progress();
    if (epoch_ends) finish_epoch();
    elapsed_seconds_ += seconds_since(start);
    if (epoch_ends) history_.epochs.back().elapsed_seconds = elapsed_seconds_;

    if (observer.on_step) observer.on_step(now);
    if (epoch_ends && observer.on_epoch)
      observer.on_epoch(history_.epochs.back(), history_.best_epoch == epoch_);
    const auto wishes = [&]() -> Wishes {
      return {.stop = observer.should_stop && observer.should_stop(),
              .save = observer.save && seconds_since(last_save) >= observer.checkpoint_seconds};
    };
    if (ranks_.size() == 1) agreed_ = wishes();
    if (agreed_.stop) {
      end = TrainingEnd::kInterrupted;
      break;
    }
    if (observer.num_threads && ranks_.size() == 1 && epochs_left())
      use_threads(observer.num_threads());
    if (agreed_.save && epochs_left()) {
      average_running_statistics();
      check_finite();
      if (observer.save) observer.save(checkpoint());
      last_save = Clock::now();
    }
    if (ranks_.size() > 1) wishes_ = wishes();
  }
  if (end == TrainingEnd::kInterrupted) {
    average_running_statistics();
    check_finite();
    if (observer.save) observer.save(checkpoint());
  }
  if (end == TrainingEnd::kFinished && epoch_ < recipe_.epochs) end = TrainingEnd::kEarlyStopped;
  return end;
}

bool Trainer::epochs_left() const {
  if (epoch_ >= recipe_.epochs) return false;
  return recipe_.patience == 0 || history_.best_epoch == 0 ||
         epoch_ - history_.best_epoch < recipe_.patience;
}

void Trainer::start_epoch() {
  // Starts from the same order every time, so that an epoch does not depend on earlier ones.
  order_ = split_.train;
  RandomStream random(recipe_.seed, RandomPurpose::kShuffle, static_cast<std::uint32_t>(epoch_));
  shuffle(order_, random);
}

void Trainer::train_batch() {
  const std::int64_t first = step_ % steps_per_epoch_ * batch_size_;
  const std::int64_t rows = std::min(batch_size_, std::ssize(order_) - first);
  const Share share = share_of(ranks_, rows);
  const auto indices = std::span(order_).subspan(static_cast<std::size_t>(first + share.first),
                                                 static_cast<std::size_t>(share.count));
  Plan* const plan = rows == batch_size_ ? full_plan_.get() : last_plan_.get();
  const StepContext context{.seed = recipe_.seed,
                            .step = static_cast<std::uint32_t>(step_),
                            .first_row = share.first,
                            .in_batch = share.count > 0};
  double loss = 0;
  std::int64_t correct = 0;
  if (plan != nullptr && !context.in_batch) {
    std::ranges::fill(plan->input(), 0.0F);
    plan->forward(context);
    std::ranges::fill(plan->logit_gradients(), 0.0F);
  } else if (plan != nullptr) {
    const std::span labels = std::span(batch_labels_).first(indices.size());
    const std::span losses = std::span(batch_losses_).first(indices.size());
    fill_batch(indices, plan->input(), labels);
    plan->forward(context);
    correct = kernels::softmax_cross_entropy(
        plan->logits(), labels, network_.num_classes(), 1.0F / static_cast<float>(rows), losses,
        plan->logit_gradients(), static_cast<float>(recipe_.label_smoothing));
    if (!loss_weights_.empty())
      apply_loss_weights(loss_weights_, indices, losses, plan->logit_gradients());
    loss = std::accumulate(losses.begin(), losses.end(), 0.0);
  }
  std::array<double, 4> sums{loss, static_cast<double>(correct), wishes_.stop ? 1.0 : 0.0,
                             wishes_.save ? 1.0 : 0.0};
  ranks_.start_sum(sums);
  gradient_sum_->backward(plan, context);
  ranks_.finish_sums();
  loss = sums[0];
  agreed_ = {.stop = sums[2] > 0, .save = sums[3] > 0};
  if (!std::isfinite(loss))
    throw diverged(step_ + 1, fmt::format("the loss is {}", loss / static_cast<double>(rows)));
  optimizer_->step(arena_.gradients(), arena_.values(),
                   {.learning_rate = rate_factor(step_),
                    .gradient = gradient_factor(loss / static_cast<double>(rows))});
  if (!average_.empty()) update_weight_average(recipe_.ema_decay, step_, arena_.values(), average_);
  totals_.loss += loss;
  totals_.correct += static_cast<std::int64_t>(sums[1]);
  totals_.images += rows;
  ++step_;
}

void Trainer::fill_batch(std::span<const std::int32_t> image_indices, std::span<float> input,
                         std::span<std::int32_t> labels) const {
  if (piece_maker_)
    return piece_maker_->make_batch(image_indices, epoch_, preprocessing_.pixel_scale,
                                    preprocessing_.pixel_offset, input, labels);
  std::ranges::transform(image_indices, labels.begin(),
                         [&](std::int32_t i) { return data_.labels[static_cast<std::size_t>(i)]; });
  if (augmenter_)
    augmenter_->augment_batch(data_.images, image_indices, epoch_, preprocessing_.pixel_scale,
                              preprocessing_.pixel_offset, input);
  else
    gather_batch(data_.images, image_indices, preprocessing_, input);
}

double Trainer::rate_factor(std::int64_t step) const {
  return schedule_->factor({.step = step,
                            .steps_per_epoch = steps_per_epoch_,
                            .num_steps = steps_per_epoch_ * recipe_.epochs,
                            .validation_losses = validation_losses_});
}

double Trainer::gradient_factor(double loss) {
  if (recipe_.gradient_clip == 0) return 1;
  const double norm = std::sqrt(kernels::sum_of_squares(arena_.gradients()));
  if (!std::isfinite(norm))
    throw diverged(step_ + 1,
                   fmt::format("the loss is {} and the norm of its gradient {}", loss, norm));
  return norm > recipe_.gradient_clip ? recipe_.gradient_clip / norm : 1;
}

Error Trainer::diverged(std::int64_t step, const std::string& finding) const {
  return Error(ErrorCode::kDiverged,
               "training diverged at step {} (epoch {}): {}; try a lower learning rate, such as a "
               "tenth of {}",
               step, (step - 1) / steps_per_epoch_ + 1, finding, optimizer_->learning_rate());
}

TrainingProgress Trainer::progress() const {
  const auto images = static_cast<double>(totals_.images);
  const std::int64_t in_epoch = (step_ - 1) % steps_per_epoch_ + 1;
  const std::int64_t left = steps_per_epoch_ * recipe_.epochs - step_;
  return {
      .epoch = (step_ - 1) / steps_per_epoch_ + 1,
      .num_epochs = recipe_.epochs,
      .step_in_epoch = in_epoch,
      .steps_per_epoch = steps_per_epoch_,
      .images_per_second = images / totals_.seconds,
      .loss = totals_.loss / images,
      .accuracy = static_cast<double>(totals_.correct) / images,
      .seconds_left = static_cast<double>(left) * totals_.seconds / static_cast<double>(in_epoch)};
}

}  // namespace digitry
