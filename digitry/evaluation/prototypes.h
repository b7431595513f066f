#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// At most so many prototypes stand for a class, and of wide features fewer: all together are of
/// `kPrototypeValues` values, or one a class.
inline constexpr std::int64_t kPrototypesPerClass = 20;
inline constexpr std::int64_t kPrototypeValues = std::int64_t{1} << 20;

/// Rows of length 1 that stand for the directions in which `features`, float32 [N, F], of each
/// class lie: float32 [K, F], no more of a class than it has images. By
/// k-means of directions, started at features that are spread over the class's; the same for any
/// number of threads. Source: Dhillon, Modha, "Concept decompositions for large sparse text data
/// using clustering", Machine Learning 42, 2001.
///
/// Expects N labels, 0 to num_classes − 1. Cost: 5·N·kPrototypesPerClass·3·F operations.
/// Throws Error{kShapeMismatch} where there are no features or not as many labels.
Tensor fit_prototypes(const Tensor& features, std::span<const std::int32_t> labels,
                      std::int64_t num_classes);

/// The share of images like those trained on that `fit_rejection_threshold` lets be refused.
inline constexpr double kRejectedShare = 0.005;

/// The score below which the lowest `kRejectedShare` of `scores` lie, of how familiar images are
/// that no prototype was made of; 0, so that nothing is refused, for fewer than 100 of them.
double fit_rejection_threshold(std::vector<double> scores);

}  // namespace digitry
