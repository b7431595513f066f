#pragma once

#include "apps/digitry/commands/run_folder.h"
#include "digitry/training/trainer.h"

namespace digitry::app {

/// Runs `trainer` to its end or to Ctrl-C: shows how far it is, and writes history and checkpoint
/// every `checkpoint_seconds`. Where they cannot be written (a full disk, say) the training goes
/// on: that is warned of once, and tried again at the next checkpoint.
TrainingEnd run_training(const RunFolder& run, const Recipe& recipe, double checkpoint_seconds,
                         Trainer& trainer);

/// Goes on from the run's checkpoint. Throws Error{kBadData} naming it where it is damaged or of
/// another recipe or other data.
void resume_training(const RunFolder& run, Trainer& trainer);

}  // namespace digitry::app
