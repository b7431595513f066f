#pragma once

#include "apps/digitry/commands/train_run.h"

namespace digitry::app {

/// Trains what the request's recipe says: one network, or several one after the other.
///
/// Of several, each is a run of its own in RUN/members/N, with the same validation images and seed
/// S·M + N, S being the recipe's seed and M its number of members; together they are the run's
/// model. An ensemble that was interrupted goes on with the member that was.
/// Throws Error{kInterrupted} after Ctrl-C, with what was learnt saved.
TrainedRun train_recipe(const TrainRequest& request);

}  // namespace digitry::app
