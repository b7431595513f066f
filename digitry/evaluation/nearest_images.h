#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/nn/network.h"
#include "digitry/nn/plan/session.h"
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
std::vector<std::vector<Neighbour>> nearest_images(FeatureExtractor& hidden, const Tensor& queries,
                                                   const Dataset& data,
                                                   std::span<const std::int32_t> among,
                                                   std::size_t count);

/// Where images lie in a hidden layer, kept for many questions: `nearest_images` computes it anew
/// for each. 4 · num_features bytes an image.
class ImageIndex {
 public:
  /// Of the images `among` of labelled `data`, on the calling thread's own threads. `cancelled`,
  /// where it is not empty, is asked every now and then. Throws what `FeatureExtractor::features`
  /// throws, Error{kInterrupted} where it was cancelled.
  ImageIndex(const Network& network, Preprocessing preprocessing,
             std::shared_ptr<const Dataset> data, std::vector<std::int32_t> among,
             const std::function<bool()>& cancelled = {});

  /// The `count` images nearest to `image`, uint8 [1,C,H,W], nearest first; of equal ones the
  /// first. Exact. May be called from several threads at once, one after the other being served.
  std::vector<Neighbour> nearest(const Tensor& image, std::size_t count);

  const Dataset& data() const { return *data_; }
  std::int64_t num_images() const { return static_cast<std::int64_t>(among_.size()); }

 private:
  std::mutex mutex_;
  FeatureExtractor hidden_;
  std::shared_ptr<const Dataset> data_;
  std::vector<std::int32_t> among_;
  Tensor features_;  // [N, num_features]
};

}  // namespace digitry
