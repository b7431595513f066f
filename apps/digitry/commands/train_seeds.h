#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/digitry/commands/side_by_side.h"
#include "apps/digitry/commands/train_run.h"

namespace digitry::app {

/// Parses "0-4", "3" or "1,5,9-11" in that order. Throws Error{kInvalidArgument} for other text, a
/// duplicate seed, or more than 1000 seeds.
std::vector<std::uint64_t> parse_seeds(const std::string& text);

/// Trains with each seed into `request.out`/seed-N (if `out` is empty: the first free folder named
/// after the recipe), writes seeds.json beside them and prints mean, standard deviation and pooled
/// confusion matrix. With `request.resume`, finished seeds are not trained again, and the
/// interrupted one is resumed. `elsewhere`, if not empty, trains the seeds side by side; they are
/// trained one after the other else.
void train_seeds(RunRequest request, TrainOutput output, const std::vector<std::uint64_t>& seeds,
                 const TrainFolders& elsewhere = {});

}  // namespace digitry::app
