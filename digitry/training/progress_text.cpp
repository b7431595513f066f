#include "digitry/training/progress_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "digitry/base/error.h"

namespace digitry {
namespace {

const std::string& entry(const std::map<std::string, std::string>& text, const char* key) {
  const auto found = text.find(key);
  if (found == text.end()) throw Error(ErrorCode::kBadData, "the checkpoint has no '{}'", key);
  return found->second;
}

template <typename T>
T number(const std::map<std::string, std::string>& text, const char* key) {
  const std::string& value = entry(text, key);
  T parsed{};
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc() || end != value.data() + value.size() ||
      !std::isfinite(static_cast<double>(parsed)) || parsed < T{0})
    throw Error(ErrorCode::kBadData,
                "the checkpoint's '{}': expected a number of at least 0, found {}", key, value);
  return parsed;
}

}  // namespace

std::map<std::string, std::string> progress_to_text(const SavedProgress& progress) {
  // fmt writes the shortest text that reads back to the same double.
  return {{"epoch", fmt::format("{}", progress.epoch)},
          {"step", fmt::format("{}", progress.step)},
          {"optimizer_steps", fmt::format("{}", progress.optimizer_steps)},
          {"loss", fmt::format("{}", progress.loss)},
          {"correct", fmt::format("{}", progress.correct)},
          {"images", fmt::format("{}", progress.images)},
          {"seconds", fmt::format("{}", progress.seconds)},
          {"elapsed_seconds", fmt::format("{}", progress.elapsed_seconds)},
          {"recipe", progress.recipe},
          {"data_sha256", progress.data_sha256},
          {"best_epoch", fmt::format("{}", progress.history.best_epoch)},
          {"history", to_csv(progress.history)}};
}

SavedProgress progress_from_text(const std::map<std::string, std::string>& text) {
  SavedProgress progress{.epoch = number<std::int64_t>(text, "epoch"),
                         .step = number<std::int64_t>(text, "step"),
                         .optimizer_steps = number<std::int64_t>(text, "optimizer_steps"),
                         .loss = number<double>(text, "loss"),
                         .correct = number<std::int64_t>(text, "correct"),
                         .images = number<std::int64_t>(text, "images"),
                         .seconds = number<double>(text, "seconds"),
                         .elapsed_seconds = number<double>(text, "elapsed_seconds"),
                         .recipe = entry(text, "recipe"),
                         .data_sha256 = entry(text, "data_sha256"),
                         .history = history_from_csv(entry(text, "history"), "the checkpoint")};
  progress.history.best_epoch = number<std::int64_t>(text, "best_epoch");
  if (std::ssize(progress.history.epochs) != progress.epoch ||
      progress.history.best_epoch > progress.epoch)
    throw Error(ErrorCode::kBadData, "the checkpoint's history does not match its epoch {}",
                progress.epoch);
  if (const auto best = static_cast<std::size_t>(progress.history.best_epoch); best != 0)
    if (const EpochRecord& row = progress.history.epochs[best - 1];
        !row.val_accuracy || !row.val_loss)
      throw Error(ErrorCode::kBadData,
                  "the checkpoint's history has no validation result for its best epoch {}", best);
  if (progress.optimizer_steps != progress.step)
    throw Error(ErrorCode::kBadData,
                "the checkpoint's 'optimizer_steps': expected its step {}, found {}", progress.step,
                progress.optimizer_steps);
  return progress;
}

}  // namespace digitry
