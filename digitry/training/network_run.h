#pragma once

#include <optional>
#include <string>

#include "digitry/training/fit.h"
#include "digitry/training/run.h"

// The run of one network, and what a run of several networks (run.cpp) shares with it. Internal.

namespace digitry {

/// "digitry train --resume --out RUN"
std::string resume_command(const RunFolder& run);

/// Locks the run to resume. Throws Error{kInvalidArgument} if it is finished.
HeldRun hold_unfinished(const std::string& out);

/// Loads the data and logs what is worth to know about them. Throws Error{kBadData} if they have no
/// labels, Error{kInvalidArgument} if they cannot be read twice.
Dataset load_training_data(const Recipe& recipe);

/// Loaded and checked before the training, not after hours of it. Empty, with a warning, if there
/// are no labelled test or validation images.
std::optional<EvaluationData> data_to_evaluate(const Recipe& recipe, const ValidationSplit& split,
                                               const Model& model);

/// Adds `source`, the origin of the recipe, to the errors of layers that do not fit.
Model untrained_model_of(const Recipe& recipe, const std::string& source, const Dataset& data);

/// Evaluates, writes metrics.json and removes the checkpoint. The run is then finished.
void finish_run(const RunRequest& request, TrainedRun& trained);

/// `train_run` for one network.
std::optional<TrainedRun> train_network(const RunRequest& request, const RunObserver& observer,
                                        const Recipe& recipe, const std::string& source,
                                        Communicator& ranks);

}  // namespace digitry
