#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"

namespace digitry {

/// What can be said of one split without knowing what it is for.
struct DatasetSummary {
  std::int64_t num_images = 0;
  Shape image_shape;
  std::vector<std::int64_t> images_per_class;  ///< One a class; none where unlabelled.
  int min_pixel = 0;
  int max_pixel = 0;
  double mean_pixel = 0;            ///< Of all pixels, in [0, 255].
  double std_pixel = 0;             ///< Likewise, of the population.
  std::int64_t num_duplicates = 0;  ///< Images equal to one before them.
  std::int64_t num_conflicts = 0;   ///< Among them, those with another label than the first.
};

/// One pass over the pixels and a hash table of the images. Where there are no images, the numbers
/// are 0. `dataset` has to be as `load_dataset` gives it.
DatasetSummary summarize(const Dataset& dataset);

/// How many images of `test` are in `train` too, byte for byte: leaks from one into the other.
/// 0 where their shapes differ.
std::int64_t count_shared_images(const Dataset& train, const Dataset& test);

}  // namespace digitry
