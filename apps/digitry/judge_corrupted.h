#pragma once

#include <string>
#include <vector>

#include "apps/digitry/judged_images.h"
#include "digitry/evaluation/robustness.h"
#include "digitry/model_io/model.h"

namespace digitry::app {

/// Runs the model over the images as they are and under each corruption, with a progress bar.
Robustness judge_corrupted(const Model& model, const JudgedImages& images,
                           const std::vector<Corruption>& corruptions, std::uint64_t seed);

/// The table of `digitry evaluate --corrupt` for a person.
std::string robustness_text(const Robustness& robustness, const std::string& split);

}  // namespace digitry::app
