#pragma once

#include <cstdint>

#include "digitry/tensor/tensor.h"

namespace digitry {

struct TsneOptions {
  double perplexity = 30;  ///< About how many neighbours a point has; fewer where points are few.
  std::int64_t num_steps = 500;
};

/// A map of points in the plane that keeps neighbours together: t-SNE, computed exactly. What is
/// near on the map was near before; how far groups are apart and how large they are means little.
/// Source: van der Maaten, Hinton, "Visualizing data using t-SNE", JMLR 9, 2008; affinities to the
/// 3·perplexity nearest points alone: van der Maaten, JMLR 15, 2014, sec. 4.1; the start along the
/// two principal axes: Kobak, Berens, Nature Communications 10, 2019; the learning rate: Belkina et
/// al., Nature Communications 10, 2019.
///
/// Shapes: rows float32 [N, F], result float32 [N, 2]: a function of rows and options alone, but
/// for rounding.
/// Cost: N² · (3·F/2 + 16·num_steps) floating-point operations, 8·N² bytes: for N of some
/// thousands. Throws Error{kShapeMismatch} for another rank, Error{kInvalidArgument} where N is
/// over 10,000 or an option out of range.
Tensor tsne(const Tensor& rows, const TsneOptions& options = {});

}  // namespace digitry
