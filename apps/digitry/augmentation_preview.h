#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/data/augment.h"
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

}  // namespace digitry::app
