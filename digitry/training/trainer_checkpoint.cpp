#include <string>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/training/progress_text.h"
#include "digitry/training/trainer.h"

// Trainer: what a checkpoint holds, and how a training continues from it.

namespace digitry {

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
    // Mismatched shapes and types are bad data here, because they come from a file.
    throw Error(ErrorCode::kBadData, std::string(error.what()));
  }
}

void Trainer::restore(const Checkpoint& checkpoint) {
  SavedProgress saved = progress_from_text(checkpoint.progress);
  if (parse_recipe(saved.recipe, "checkpoint: recipe") != recipe_ ||
      saved.data_sha256 != data_.sha256)
    throw Error(ErrorCode::kBadData, "the checkpoint belongs to another recipe, seed or data set");
  if (saved.step / steps_per_epoch_ != saved.epoch || saved.epoch > recipe_.epochs)
    throw Error(ErrorCode::kBadData, "the checkpoint's step {} does not match its epoch {}",
                saved.step, saved.epoch);
  if (saved.images > std::ssize(split_.train) || saved.correct > saved.images)
    throw Error(ErrorCode::kBadData,
                "the checkpoint: expected at most {} images, and at most as many correct ones; "
                "found {} images, {} correct",
                split_.train.size(), saved.images, saved.correct);
  const auto group = [&](const std::string& name) -> const std::vector<Parameter>& {
    const auto found = checkpoint.groups.find(name);
    if (found == checkpoint.groups.end())
      throw Error(ErrorCode::kBadData, "the checkpoint has no '{}'", name);
    return found->second;
  };
  for (const auto& [name, values] : arrays()) arena_.load(group(name), values);
  if (const std::string name = not_finite(); !name.empty())
    throw Error(ErrorCode::kBadData, "the checkpoint's '{}': expected finite values", name);
  if (saved.history.best_epoch != 0) {
    best_ = copy_of(group("best"));
    network_.set_parameters(copy_of(best_));  // Throws here, not at the end, if they do not fit.
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
