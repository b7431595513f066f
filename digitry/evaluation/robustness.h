#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "digitry/base/communicator.h"
#include "digitry/base/log.h"
#include "digitry/corruption/corruption.h"
#include "digitry/evaluation/evaluate.h"

namespace digitry {

/// Accuracy on one set of images.
struct Score {
  std::int64_t num_correct = 0;
  double accuracy = 0;
  Interval accuracy_95;  ///< Wilson's 95 % interval.
};

struct CorruptedScore {
  Corruption corruption = Corruption::kShotNoise;
  Score score;
};

/// The evaluation of a classifier on labelled images and on corrupted versions of them.
struct Robustness {
  std::int64_t num_images = 0;
  std::uint64_t seed = 0;  ///< Seed of the corruptions.
  Score clean;
  std::vector<CorruptedScore> corrupted;
  double mean_accuracy = 0;  ///< Unweighted mean over the corruptions.
};

/// Evaluates `logits_of` on `images`, uint8 [N, C, H, W], N ≥ 1, with their `labels`: unchanged,
/// and under each of `corruptions` (at least one). Calls `progress` before each corruption. Several
/// ranks take the corruptions in turn; all pass the same arguments, and all return the same result.
/// Throws what `evaluate_logits`, `logits_of` and `progress` throw, on all ranks together.
Robustness evaluate_robustness(const LogitsOf& logits_of, const Tensor& images,
                               std::span<const std::int32_t> labels,
                               const std::vector<std::string>& class_names,
                               std::span<const Corruption> corruptions, std::uint64_t seed,
                               const ProgressSink& progress = {}, Communicator& ranks = one_rank());

/// A table with one row per corruption; `split` names the images.
std::string to_text(const Robustness& robustness, const std::string& split);

/// One JSON object: num_images, seed, clean {accuracy, accuracy_95 [low, high], num_correct},
/// corrupted [{corruption, and the same}], mean_accuracy.
std::string to_json(const Robustness& robustness);

}  // namespace digitry
