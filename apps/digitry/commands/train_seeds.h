#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/digitry/commands/train_run.h"

namespace digitry::app {

/// "0-4", "3", "1,5,9-11": each seed once, in that order. Throws Error{kInvalidArgument} for other
/// text, a seed twice, or more than 1000.
std::vector<std::uint64_t> parse_seeds(const std::string& text);

/// Trains with each seed into `request.out`/seed-N (`out` empty: the first free folder of the
/// recipe's name), writes seeds.json beside them and prints mean, standard deviation and pooled
/// confusion matrix. With `request.resume` the seeds that are finished are taken as they are, and
/// the one that was interrupted goes on.
void train_seeds(RunRequest request, TrainOutput output, const std::vector<std::uint64_t>& seeds);

}  // namespace digitry::app
