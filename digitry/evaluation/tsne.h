#pragma once

#include <cstdint>

#include "digitry/tensor/tensor.h"

namespace digitry {

struct TsneOptions {
  double perplexity = 30;  ///< Approximate number of neighbours per point; reduced for few points.
  std::int64_t num_steps = 500;
};

/// A map of points in the plane that keeps neighbours together: t-SNE, computed exactly. Points
/// that are near on the map are near in the data. Distances between groups and their sizes mean
/// little.
/// Source: van der Maaten, Hinton, "Visualizing data using t-SNE", JMLR 9, 2008; affinities to the
/// 3·perplexity nearest points alone: van der Maaten, JMLR 15, 2014, sec. 4.1; the start along the
/// two principal axes: Kobak, Berens, Nature Communications 10, 2019; the learning rate: Belkina et
/// al., Nature Communications 10, 2019.
///
/// Shapes: rows float32 [N, F], result float32 [N, 2]. Up to rounding, the result depends on the
/// arguments only.
/// Cost: N² · (3·F/2 + 16·num_steps) floating-point operations, 8·N² bytes; meant for N of some
/// thousands.
/// Throws Error{kShapeMismatch} for another rank or no rows, Error{kInvalidArgument} if N is over
/// 10,000 or an option is out of range.
Tensor tsne(const Tensor& rows, const TsneOptions& options = {});

}  // namespace digitry
