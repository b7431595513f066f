#pragma once

#include <cstdint>
#include <vector>

#include "digitry/evaluation/evaluate.h"

namespace digitry {

/// The mistakes of one confused pair, most confident first.
struct PairImages {
  ConfusedPair pair;
  std::vector<LabelledPrediction> shown;
};

/// Which images a page shows, so that a bad model's page stays small enough to open.
struct PageImages {
  std::vector<LabelledPrediction> gallery;  ///< Most confident first, at most kMaxGallery.
  std::vector<PairImages> pairs;            ///< Most frequent first; each shows at least one image.
  std::vector<std::vector<LabelledPrediction>> least_sure;  ///< Of each class.
  std::vector<LabelledPrediction> suspected;  ///< Most suspicious first, at most kMaxSuspected.

  /// Every image once.
  std::vector<std::int64_t> indices() const;
};

constexpr std::size_t kMaxGallery = 1000;
/// Over all pairs together, and for one.
constexpr std::size_t kMaxPairImages = 1500;
constexpr std::size_t kMaxImagesOfPair = 64;
constexpr std::size_t kMaxLeastSureImages = 1000;
constexpr std::size_t kMaxSuspected = 100;

/// Within these limits, most telling first; indices are into the images that were evaluated. Linear
/// in the number of mistakes but for sorting.
PageImages choose_images(const Evaluation& evaluation);

}  // namespace digitry
