#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "digitry/kernels/optimizer_updates.h"
#include "digitry/optim/optimizer.h"
#include "digitry/training/loss_weights.h"
#include "digitry/training/trainer.h"

// Trainer: the end of an epoch: checks, validation, the best weights and the last good state.

namespace digitry {
namespace {

// Higher accuracy is better; with equal accuracy, lower loss.
bool better(const EpochRecord& a, const EpochRecord& b) {
  return std::pair(*a.val_accuracy, -*a.val_loss) > std::pair(*b.val_accuracy, -*b.val_loss);
}

}  // namespace

void Trainer::finish_epoch() {
  average_running_statistics();
  check_finite();
  check_same_weights();
  const auto images = static_cast<double>(totals_.images);
  EpochRecord record{.epoch = epoch_ + 1,
                     .learning_rate = optimizer_->learning_rate() * rate_factor(step_ - 1),
                     .loss = totals_.loss / images,
                     .accuracy = static_cast<double>(totals_.correct) / images,
                     .val_loss = std::nullopt,
                     .val_accuracy = std::nullopt,
                     .images_per_second = images / totals_.seconds,
                     .elapsed_seconds = 0};
  if (predictor_) validate(record);
  ++epoch_;
  history_.epochs.push_back(record);
  if (record.val_loss) validation_losses_.push_back(*record.val_loss);
  keep_best_weights();
  keep_good_state();
}

void Trainer::validate(EpochRecord& record) {
  network_.set_parameters(arena_.store(validated_values()));
  predictor_->update(network_);
  const auto [losses, correct] = validation_losses();
  record.val_loss = weighted_mean(losses, loss_weights_, split_.validation);
  record.val_accuracy = weighted_mean(correct, loss_weights_, split_.validation);
  if (!std::isfinite(*record.val_loss))
    throw diverged(step_, fmt::format("the validation loss is {}", *record.val_loss));
}

void Trainer::keep_best_weights() {
  const EpochRecord& last = history_.epochs.back();
  if (!last.val_accuracy) return;
  const auto best = static_cast<std::size_t>(history_.best_epoch);
  if (best != 0 && !better(last, history_.epochs[best - 1])) return;
  history_.best_epoch = epoch_;
  best_ = copy_of(network_.parameters());
}

// The loss does not always show this: ReLU maps NaN to 0.
void Trainer::check_finite() {
  if (const std::string name = not_finite(); !name.empty())
    throw diverged(
        step_,
        fmt::format("the values of '{}' are not all finite; the loss of the epoch so far is {}",
                    name, totals_.loss / static_cast<double>(totals_.images)));
}

std::span<float> Trainer::validated_values() {
  return average_.empty() ? arena_.values() : std::span<float>(average_);
}

std::vector<Parameter> Trainer::kept_weights() {
  return best_.empty() ? arena_.store(validated_values()) : copy_of(best_);
}

std::vector<std::pair<std::string, std::span<float>>> Trainer::arrays() {
  std::vector<std::pair<std::string, std::span<float>>> all{{"parameters", arena_.values()}};
  for (const auto& [name, values] : optimizer_->state())
    all.emplace_back("optimizer." + name, values);
  if (!average_.empty()) all.emplace_back("average", average_);
  return all;
}

std::string Trainer::not_finite() {
  // Squares of floats do not overflow a double, so the sum is finite exactly if all values are.
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

void Trainer::restore_good_state() {
  step_ = good_.step;
  epoch_ = step_ / steps_per_epoch_;
  totals_ = good_.totals;
  optimizer_->set_num_steps(step_);
  const auto to = arrays();
  for (std::size_t i = 0; i < to.size(); ++i)
    std::ranges::copy(good_.arrays[i], to[i].second.begin());
}

}  // namespace digitry
