#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

#include "digitry/serving/page/page_routes.h"

namespace digitry::app {

/// Finds training images for the page, as `digitry explain` does. The data set of each model is
/// named by the model's provenance; it is read and indexed on first use, in a background thread.
/// Thread-safe.
class ServedTrainingImages {
 public:
  ServedTrainingImages();
  /// Cancels indexing in progress.
  ~ServedTrainingImages();
  ServedTrainingImages(const ServedTrainingImages&) = delete;
  ServedTrainingImages& operator=(const ServedTrainingImages&) = delete;

  /// The result is `pending` until the images are indexed.
  serving::NearImages find(const std::shared_ptr<const serving::ServedModel>& model,
                           const Tensor& image, std::size_t count);

 private:
  class Index;
  std::shared_ptr<Index> index_of(const std::shared_ptr<const serving::ServedModel>& model);

  std::mutex mutex_;
  std::map<const serving::ServedModel*, std::shared_ptr<Index>> indices_;
};

}  // namespace digitry::app
