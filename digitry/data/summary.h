#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"

namespace digitry {

/// Statistics of one split.
struct DatasetSummary {
  std::int64_t num_images = 0;
  Shape image_shape;
  std::vector<std::int64_t> images_per_class;  ///< One per class; empty if unlabelled.
  int min_pixel = 0;
  int max_pixel = 0;
  double mean_pixel = 0;            ///< Mean of all pixels, in [0, 255].
  double std_pixel = 0;             ///< Population standard deviation of all pixels.
  std::int64_t num_duplicates = 0;  ///< Images equal to an earlier one.
  std::int64_t num_conflicts = 0;   ///< Duplicates whose label differs from that of the first.
};

/// Computes the statistics in one pass over the pixels and with a hash table of the images. All
/// numbers are 0 if there are no images. Expects a data set as `load_dataset` returns it.
DatasetSummary summarize(const Dataset& dataset);

/// The number of images of `test` that are also in `train`, byte for byte (leaked test data). 0 if
/// their shapes differ.
std::int64_t count_shared_images(const Dataset& train, const Dataset& test);

/// Selects `count` images: the first of each class, then the second of each class, and so on;
/// without labels, the first images. Unless `among` is empty, selects from these images only.
std::vector<std::int64_t> pick_samples(const Dataset& dataset, std::int64_t count,
                                       std::span<const std::int32_t> among = {});

}  // namespace digitry
