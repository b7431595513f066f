#include "digitry/data/split.h"

#include <algorithm>
#include <cmath>

#include "digitry/base/error.h"
#include "digitry/base/random.h"

namespace digitry {

ValidationSplit stratified_split(std::span<const std::int32_t> labels, std::int64_t num_classes,
                                 double fraction, std::uint64_t seed) {
  if (!(fraction >= 0 && fraction <= 0.9))
    throw Error(ErrorCode::kInvalidArgument, "validation: expected a fraction in [0, 0.9], got {}",
                fraction);
  std::vector<std::vector<std::int32_t>> by_class(static_cast<std::size_t>(num_classes));
  for (std::size_t i = 0; i < labels.size(); ++i)
    by_class.at(static_cast<std::size_t>(labels[i])).push_back(static_cast<std::int32_t>(i));

  ValidationSplit split;
  for (std::size_t c = 0; c < by_class.size(); ++c) {
    RandomStream random(seed, RandomPurpose::kValidationSplit, static_cast<std::uint32_t>(c));
    auto& indices = by_class[c];
    shuffle(indices, random);
    const auto kept = std::llround(static_cast<double>(indices.size()) * fraction);
    split.validation.insert(split.validation.end(), indices.begin(), indices.begin() + kept);
    split.train.insert(split.train.end(), indices.begin() + kept, indices.end());
  }
  std::ranges::sort(split.train);
  std::ranges::sort(split.validation);
  if (split.train.empty())
    throw Error(
        ErrorCode::kBadData,
        "validation: expected at least one image left for training, found none ({} images in "
        "all, fraction {})",
        labels.size(), fraction);
  return split;
}

}  // namespace digitry
