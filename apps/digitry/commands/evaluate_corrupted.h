#pragma once

#include <cstdint>
#include <vector>

#include "digitry/base/communicator.h"
#include "digitry/corruption/corruption.h"
#include "digitry/evaluation/robustness.h"
#include "digitry/model_io/model.h"
#include "digitry/training/evaluation_data.h"

namespace digitry::app {

/// Evaluates the model on the unchanged images and under each corruption, with a progress bar. Each
/// rank takes some of them. Throws Error{kInterrupted} after Ctrl-C.
Robustness evaluate_corrupted(const Model& model, const EvaluationData& images,
                              const std::vector<Corruption>& corruptions, std::uint64_t seed,
                              Communicator& ranks = one_rank());

}  // namespace digitry::app
