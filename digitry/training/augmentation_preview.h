#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/augment/augment.h"
#include "digitry/data/dataset.h"
#include "digitry/tensor/tensor.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/recipe.h"

namespace digitry {

/// Training images with their augmented versions in some epochs.
struct AugmentationPreview {
  std::vector<std::int64_t> image_indices;
  std::int64_t versions = 0;
  /// uint8 [K·(1 + versions), C, H, W]: per image the original, then its versions. May be empty.
  Tensor images;

  std::int64_t per_row() const { return 1 + versions; }
};

struct PreviewOptions {
  AugmentOptions augmentation;
  std::uint64_t seed = 0;
  std::int64_t first_epoch = 1;  ///< Counted from 1.
  std::int64_t num_images = 5;
  std::int64_t versions = 4;
};

/// Augments images of each class in turn, chosen from `among` (from all images if it is empty).
AugmentationPreview make_preview(const Dataset& train, std::span<const std::int32_t> among,
                                 const PreviewOptions& options);

/// The preview of a report: five of the training images as the recipe augments them. Empty if the
/// recipe has no augmentation or the training images are not available.
AugmentationPreview report_preview(const Recipe& recipe, const TrainingImages& trained);

}  // namespace digitry
