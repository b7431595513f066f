#include "digitry/training/augmentation_preview.h"

#include <algorithm>

#include "digitry/data/summary.h"

namespace digitry {
namespace {

constexpr std::int64_t kReportVersions = 8;

}  // namespace

AugmentationPreview make_preview(const Dataset& train, std::span<const std::int32_t> among,
                                 const PreviewOptions& options) {
  AugmentationPreview preview{.image_indices = pick_samples(train, options.num_images, among),
                              .versions = options.versions,
                              .images = {}};
  const std::vector<std::int32_t> indices(preview.image_indices.begin(),
                                          preview.image_indices.end());
  const Augmenter augmenter(options.augmentation, train.image_shape(), options.seed);
  // The trainer counts epochs from 0.
  preview.images = preview_augmentation(augmenter, train.images, indices, options.first_epoch - 1,
                                        options.versions);
  return preview;
}

AugmentationPreview report_preview(const Recipe& recipe, const TrainingImages& trained) {
  if (!recipe.augmentation.any() || !trained.data) return {};
  return make_preview(*trained.data, trained.indices,
                      {.augmentation = recipe.augmentation,
                       .seed = recipe.seed,
                       .versions = std::min(kReportVersions, recipe.epochs)});
}

}  // namespace digitry
