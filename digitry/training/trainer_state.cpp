// The trainer's state on its way to a checkpoint and back, and to the last good state in memory.

#include <algorithm>
#include <cmath>
#include <utility>

#include "digitry/kernels/optimizer_updates.h"
#include "digitry/training/progress_text.h"
#include "digitry/training/trainer.h"

namespace digitry {

std::vector<std::pair<std::string, std::span<float>>> Trainer::arrays() {
  std::vector<std::pair<std::string, std::span<float>>> all{{"parameters", arena_.values()}};
  for (const auto& [name, values] : optimizer_->state())
    all.emplace_back("optimizer." + name, values);
  if (!average_.empty()) all.emplace_back("average", average_);
  return all;
}

std::string Trainer::not_finite() {
  // Squares of floats do not overflow a double: their sum is finite where they are.
  for (const auto& [name, values] : arrays())
    if (!std::isfinite(kernels::sum_of_squares(values))) return name;
  return "";
}

void Trainer::keep_good_state() {
  good_.step = step_;
  good_.totals = totals_;
  const auto from = arrays();
  good_.arrays.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i)
    good_.arrays[i].assign(from[i].second.begin(), from[i].second.end());
}

void Trainer::return_to_good_state() {
  step_ = good_.step;
  epoch_ = step_ / steps_per_epoch_;
  totals_ = good_.totals;
  optimizer_->set_num_steps(step_);
  const auto to = arrays();
  for (std::size_t i = 0; i < to.size(); ++i)
    std::ranges::copy(good_.arrays[i], to[i].second.begin());
}

Checkpoint Trainer::checkpoint() {
  Checkpoint saved;
  saved.progress = progress_to_text({.epoch = epoch_,
                                     .step = step_,
                                     .optimizer_steps = optimizer_->num_steps(),
                                     .loss = totals_.loss,
                                     .correct = totals_.correct,
                                     .images = totals_.images,
                                     .seconds = totals_.seconds,
                                     .elapsed_seconds = elapsed_seconds_,
                                     .recipe = to_toml(recipe_),
                                     .data_sha256 = data_.sha256,
                                     .history = history_});
  for (const auto& [name, values] : arrays()) saved.groups[name] = arena_.store(values);
  if (!best_.empty()) saved.groups["best"] = copy_of(best_);
  return saved;
}

void Trainer::resume(const Checkpoint& checkpoint) {
  try {
    restore(checkpoint);
  } catch (const Error& error) {
    // Shapes and types that do not fit are bad data here: they came out of a file.
    throw Error(ErrorCode::kBadData, std::string(error.what()));
  }
}

void Trainer::restore(const Checkpoint& checkpoint) {
  SavedProgress saved = progress_from_text(checkpoint.progress);
  if (saved.recipe != to_toml(recipe_) || saved.data_sha256 != data_.sha256)
    throw Error(ErrorCode::kBadData, "the checkpoint is of another recipe, seed or data set");
  if (saved.step / steps_per_epoch_ != saved.epoch || saved.epoch > recipe_.epochs)
    throw Error(ErrorCode::kBadData, "the checkpoint's step {} is not in its epoch {}", saved.step,
                saved.epoch);
  if (saved.images > std::ssize(split_.train) || saved.correct > saved.images)
    throw Error(ErrorCode::kBadData, "the checkpoint counts {} of {} images right, of {}",
                saved.correct, saved.images, split_.train.size());
  const auto group = [&](const std::string& name) -> const std::vector<Parameter>& {
    const auto found = checkpoint.groups.find(name);
    if (found == checkpoint.groups.end())
      throw Error(ErrorCode::kBadData, "the checkpoint has no '{}'", name);
    return found->second;
  };
  for (const auto& [name, values] : arrays()) arena_.load(group(name), values);
  if (const std::string name = not_finite(); !name.empty())
    throw Error(ErrorCode::kBadData, "the checkpoint's {} are not all finite", name);
  if (saved.history.best_epoch != 0) {
    best_ = copy_of(group("best"));
    network_.set_parameters(copy_of(best_));  // Throws now, not at the end of the training.
  }
  optimizer_->set_num_steps(saved.optimizer_steps);
  epoch_ = saved.epoch;
  step_ = saved.step;
  totals_ = {saved.loss, saved.correct, saved.images, saved.seconds};
  elapsed_seconds_ = saved.elapsed_seconds;
  history_ = std::move(saved.history);
  validation_losses_.clear();
  for (const EpochRecord& epoch : history_.epochs)
    if (epoch.val_loss) validation_losses_.push_back(*epoch.val_loss);
  keep_good_state();
}

}  // namespace digitry
