#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/nn/hidden_layer.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// An image near another one.
struct Neighbour {
  std::int64_t image_index = 0;
  std::int32_t label = 0;
  double distance = 0;
};

/// For each query the `count` images of `among` (indices into `data`) that are nearest to it in the
/// hidden layer, by Euclidean distance, nearest first; of equal ones the first. Exact; the images
/// are computed block by block, so that memory does not grow with their number.
/// Source: Caruana et al., "Case-based explanation of non-case-based learning methods", AMIA 1999;
/// Krizhevsky, Sutskever, Hinton, NIPS 2012, sec. 6.1.
///
/// Shapes: queries float32 [Q, hidden.num_features()].
/// Cost: a forward pass and 3·Q·num_features floating-point operations for each image of `among`.
/// Throws Error{kShapeMismatch} where the queries or the images are not of the hidden layer, or the
/// images have no labels.
std::vector<std::vector<Neighbour>> nearest_images(HiddenLayer& hidden, const Tensor& queries,
                                                   const Dataset& data,
                                                   std::span<const std::int32_t> among,
                                                   std::size_t count);

}  // namespace digitry
