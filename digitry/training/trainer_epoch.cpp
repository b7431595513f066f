// What the trainer does at the end of an epoch: judging it on validation, keeping the best weights.

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <utility>

#include "digitry/kernels/softmax_cross_entropy.h"
#include "digitry/training/trainer.h"

namespace digitry {
namespace {

// Higher accuracy is better; among equals, lower loss.
bool better(const EpochRecord& a, const EpochRecord& b) {
  return std::pair(*a.val_accuracy, -*a.val_loss) > std::pair(*b.val_accuracy, -*b.val_loss);
}

}  // namespace

void Trainer::finish_epoch() {
  check_finite();
  const auto images = static_cast<double>(totals_.images);
  EpochRecord record{.epoch = epoch_ + 1,
                     .learning_rate = optimizer_->learning_rate() * rate_factor(step_ - 1),
                     .loss = totals_.loss / images,
                     .accuracy = static_cast<double>(totals_.correct) / images,
                     .val_loss = std::nullopt,
                     .val_accuracy = std::nullopt,
                     .images_per_second = images / totals_.seconds,
                     .elapsed_seconds = 0};
  if (predictor_) judge(record);
  ++epoch_;
  history_.epochs.push_back(record);
  if (record.val_loss) validation_losses_.push_back(*record.val_loss);
  keep_best_weights();
  keep_good_state();
}

void Trainer::judge(EpochRecord& record) {
  network_.set_parameters(arena_.store(judged_values()));
  predictor_->update(network_);
  const Tensor logits = predictor_->logits(data_.images, split_.validation);
  std::vector<std::int32_t> labels;
  for (const std::int32_t i : split_.validation)
    labels.push_back(data_.labels[static_cast<std::size_t>(i)]);
  std::vector<float> losses(labels.size());
  const auto correct = kernels::softmax_cross_entropy(logits.as<float>(), labels,
                                                      network_.num_classes(), 1, losses, {});
  const auto count = static_cast<double>(labels.size());
  record.val_loss = std::accumulate(losses.begin(), losses.end(), 0.0) / count;
  record.val_accuracy = static_cast<double>(correct) / count;
  if (!std::isfinite(*record.val_loss))
    throw diverged(step_, fmt::format("the loss on validation is {}", *record.val_loss));
}

void Trainer::keep_best_weights() {
  const EpochRecord& last = history_.epochs.back();
  if (!last.val_accuracy) return;
  const auto best = static_cast<std::size_t>(history_.best_epoch);
  if (best != 0 && !better(last, history_.epochs[best - 1])) return;
  history_.best_epoch = epoch_;
  best_ = copy_of(network_.parameters());
}

// The loss does not always tell: ReLU gives 0 for a sum that is not a number.
void Trainer::check_finite() {
  if (const std::string name = not_finite(); !name.empty())
    throw diverged(step_, fmt::format("{} are not all finite, the epoch's loss so far is {}", name,
                                      totals_.loss / static_cast<double>(totals_.images)));
}

std::span<float> Trainer::judged_values() {
  return average_.empty() ? arena_.values() : std::span<float>(average_);
}

std::vector<Parameter> Trainer::kept_weights() {
  return best_.empty() ? arena_.store(judged_values()) : copy_of(best_);
}

}  // namespace digitry
