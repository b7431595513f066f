#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "digitry/augment/augment.h"
#include "digitry/data/dataset.h"
#include "digitry/training/augmentation_preview.h"
#include "digitry/training/recipe.h"

namespace digitry::app {

/// The indices of the images that `recipe` trains on, without the validation images, which are
/// never augmented. Empty if `train` has no labels.
std::vector<std::int32_t> trained_on(const Recipe& recipe, const Dataset& train);

struct DataAugmentArguments {
  std::string path;                         ///< Empty: the recipe's data, else mnist.
  std::string recipe;                       ///< Empty: default_augmentation().
  std::map<std::string, double> strengths;  ///< Override single strengths, by AugmentRule::key.
  std::optional<std::int64_t> seed;         ///< Default: the recipe's, else 0.
  std::int64_t epoch = 1;
  std::int64_t num_images = 5;
  std::int64_t versions = 4;
  bool show = false;
  bool json = false;
  std::string out;
};

/// Default strengths; MNIST's digits still look natural.
AugmentOptions default_augmentation();

/// Shows training images beside their augmented versions: `digitry data augment`. Draws in the
/// terminal (with `show`, or without `out` and `json`), writes the picture `out`, or prints JSON.
void show_data_augment(const DataAugmentArguments& arguments);

}  // namespace digitry::app
