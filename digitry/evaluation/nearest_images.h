#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/model_io/classifier.h"
#include "digitry/nn/plan/session.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// For each query, the `count` images of `among` (indices into `data`) whose features are nearest
/// to it by Euclidean distance, nearest first; of equal distances the first image. The search is
/// exact. Features are computed in blocks, so that memory does not grow with the number of images.
/// Source: Caruana et al., "Case-based explanation of non-case-based learning methods", AMIA 1999;
/// Krizhevsky, Sutskever, Hinton, NIPS 2012, sec. 6.1.
///
/// Shapes: queries float32 [Q, extractor.num_features()].
/// Cost: a forward pass and 3·Q·num_features floating-point operations for each image of `among`.
/// Throws Error{kShapeMismatch} if the queries or the images do not fit the network, or if the
/// images have no labels.
std::vector<std::vector<Neighbour>> nearest_images(FeatureExtractor& extractor,
                                                   const Tensor& queries, const Dataset& data,
                                                   std::span<const std::int32_t> among,
                                                   std::size_t count);

/// The features of images, kept for many queries, whereas `nearest_images` computes them in each
/// call. Takes 4 bytes per feature and image. Thread-safe.
class ImageIndex {
 public:
  /// Computes the features of the images `among` of labelled `data`, with the threads of the
  /// calling thread. `cancelled`, unless empty, is called before each block. Throws what
  /// `Classifier::features` throws, and Error{kInterrupted} if `cancelled` returns true.
  ImageIndex(const Classifier& classifier, std::shared_ptr<const Dataset> data,
             std::vector<std::int32_t> among, const std::function<bool()>& cancelled = {});

  /// The `count` images nearest to an image of these `features`, by the same classifier, nearest
  /// first; of equal distances the first image. The search is exact. Throws Error{kShapeMismatch}
  /// for another number of features.
  std::vector<Neighbour> nearest(std::span<const float> features, std::size_t count) const;

  const Dataset& data() const { return *data_; }
  std::int64_t num_images() const { return static_cast<std::int64_t>(among_.size()); }

 private:
  std::shared_ptr<const Dataset> data_;
  std::vector<std::int32_t> among_;
  std::int64_t num_features_ = 0;
  std::vector<float> features_;  // [N, num_features]
};

}  // namespace digitry
