#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "digitry/data/augment.h"

namespace digitry::app {

struct DataAugmentArguments {
  std::string path;                         ///< Empty: the recipe's data, else mnist.
  std::string recipe;                       ///< Empty: ordinary_augmentation().
  std::map<std::string, double> strengths;  ///< Instead of those, by AugmentRule::key.
  std::optional<std::int64_t> seed;         ///< By default the recipe's, else 0.
  std::int64_t epoch = 1;
  std::int64_t num_images = 5;
  std::int64_t versions = 4;
  bool show = false;
  bool json = false;
  std::string out;
};

/// Strengths that leave MNIST's digits natural.
AugmentOptions ordinary_augmentation();

/// Shows training images beside their augmented versions: `digitry data augment`. In the terminal
/// with `show` or where nothing else is asked for, as a picture in the file `out`, as JSON.
void show_data_augment(const DataAugmentArguments& arguments);

}  // namespace digitry::app
