#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/evaluation/nearest_images.h"
#include "digitry/nn/network.h"
#include "digitry/nn/predictor.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Where images lie in a hidden layer, kept for many questions: `nearest_images` computes it anew
/// for each. 4 · num_features bytes an image.
class ImageIndex {
 public:
  /// Of the images `among` of labelled `data`, on the calling thread's own threads. `cancelled`,
  /// where it is not empty, is asked every now and then. Throws what `HiddenLayer::features`
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
  HiddenLayer hidden_;
  std::shared_ptr<const Dataset> data_;
  std::vector<std::int32_t> among_;
  Tensor features_;  // [N, num_features]
};

}  // namespace digitry
