#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "digitry/nn/parameter.h"

namespace digitry {

/// All that a training needs to go on as if it had never stopped. Random numbers are a function of
/// (seed, epoch, step), so their state is the progress itself.
struct Checkpoint {
  /// How far the training is; the trainer's own entries.
  std::map<std::string, std::string> progress;
  /// Groups of arrays shaped like the network's parameters: "parameters", "best" (missing where
  /// there is none yet), and one a state of the optimizer ("optimizer.first_moment").
  std::map<std::string, std::vector<Parameter>> groups;
};

/// A safetensors file: tensor names are "<group>/<parameter>". Written all or nothing.
void save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& path);

/// Throws Error{kBadData} where the file is not a checkpoint.
Checkpoint load_checkpoint(const std::filesystem::path& path);

}  // namespace digitry
