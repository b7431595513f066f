#include "apps/digitry/augmentation_preview.h"

#include "apps/digitry/draw_images.h"
#include "digitry/data/split.h"

namespace digitry::app {

AugmentationPreview make_preview(const Dataset& train, std::span<const std::int32_t> among,
                                 const PreviewOptions& options) {
  AugmentationPreview preview{.image_indices = pick_samples(train, options.num_images, among),
                              .versions = options.versions,
                              .images = {}};
  const std::vector<std::int32_t> indices(preview.image_indices.begin(),
                                          preview.image_indices.end());
  const Augmenter augmenter(options.augmentation, train.image_shape(), options.seed);
  // Trainings count epochs from 0.
  preview.images = preview_augmentation(augmenter, train.images, indices, options.first_epoch - 1,
                                        options.versions);
  return preview;
}

std::vector<std::int32_t> trained_on(const Recipe& recipe, const Dataset& train) {
  if (!train.labelled()) return {};
  return split_by(recipe, train).train;
}

}  // namespace digitry::app
