#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace digitry {

/// Image indices, ascending.
struct ValidationSplit {
  std::vector<std::int32_t> train;
  std::vector<std::int32_t> validation;
};

/// Sets aside `fraction` of each class, rounded, drawn at random: a function of labels, fraction
/// and seed. With fraction 0 nothing is set aside. Throws Error{kInvalidArgument} where the
/// fraction is not in [0, 0.9], Error{kBadData} where no image would be left to train on.
ValidationSplit stratified_split(std::span<const std::int32_t> labels, std::int64_t num_classes,
                                 double fraction, std::uint64_t seed);

}  // namespace digitry
