#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace digitry {

/// Image indices of the two parts, in ascending order.
struct ValidationSplit {
  std::vector<std::int32_t> train;
  std::vector<std::int32_t> validation;
};

/// Selects validation images at random: from each class `fraction` of its images, rounded. The
/// result is a function of labels, fraction and seed. Expects labels in [0, num_classes). Throws
/// Error{kInvalidArgument} if the fraction is not in [0, 0.9], Error{kBadData} if no image would be
/// left for training.
ValidationSplit stratified_split(std::span<const std::int32_t> labels, std::int64_t num_classes,
                                 double fraction, std::uint64_t seed);

}  // namespace digitry
