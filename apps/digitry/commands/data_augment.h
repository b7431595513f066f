#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "digitry/augment/augment.h"
#include "digitry/data/dataset.h"
#include "digitry/training/recipe.h"

namespace digitry::app {

/// Training images, each with what augmentation makes of it in some epochs.
struct AugmentationPreview {
  std::vector<std::int64_t> image_indices;
  std::int64_t versions = 0;
  /// uint8 [K·(1 + versions), C, H, W]: for each image itself, then its versions.
  Tensor images;

  std::int64_t per_row() const { return 1 + versions; }
};

struct PreviewOptions {
  AugmentOptions augmentation;
  std::uint64_t seed = 0;
  std::int64_t first_epoch = 1;  ///< From 1, as people count.
  std::int64_t num_images = 5;
  std::int64_t versions = 4;
};

/// Shows images of each class in turn, of those in `among` (of all where it is empty).
AugmentationPreview make_preview(const Dataset& train, std::span<const std::int32_t> among,
                                 const PreviewOptions& options);

/// The images that `recipe` trains on; validation images, which are never augmented, are not.
std::vector<std::int32_t> trained_on(const Recipe& recipe, const Dataset& train);

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
