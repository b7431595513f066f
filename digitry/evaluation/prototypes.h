#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// Maximum number of prototypes per class. There are fewer for wide features: all prototypes
/// together have at most `kPrototypeValues` values, but each class has at least one.
inline constexpr std::int64_t kPrototypesPerClass = 20;
inline constexpr std::int64_t kPrototypeValues = std::int64_t{1} << 20;

/// Prototypes of each class: unit vectors, float32 [K, F], that approximate the directions of
/// `features`, float32 [N, F]. A class has at most as many as it has images. Method: spherical
/// k-means, started at features spread evenly over those of the class. The result does not depend
/// on the number of threads.
/// Source: Dhillon, Modha, "Concept decompositions for large sparse text data using clustering",
/// Machine Learning 42, 2001.
///
/// Expects N labels, 0 to num_classes − 1. Cost: 5·N·kPrototypesPerClass·3·F operations.
/// Throws Error{kShapeMismatch} if there are no features, or another number of labels.
Tensor fit_prototypes(const Tensor& features, std::span<const std::int32_t> labels,
                      std::int64_t num_classes);

/// The share of in-distribution images that `fit_rejection_threshold` allows to be rejected.
inline constexpr double kRejectedShare = 0.005;

/// The threshold below which the lowest `kRejectedShare` of `scores` lie: in-distribution scores of
/// images that no prototype was made from. Returns 0, which rejects nothing, for fewer than 100
/// scores.
double fit_rejection_threshold(std::vector<double> scores);

}  // namespace digitry
