#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

#include "digitry/serving/page/page.h"

namespace digitry::app {

/// Finds training images for the page, as `digitry explain` does: of each model those that it says
/// it was trained on. They are read and indexed when they are first asked for, on a thread of their
/// own. May be used from several threads.
class ServedTrainingImages {
 public:
  ServedTrainingImages();
  /// Gives up what is being indexed.
  ~ServedTrainingImages();
  ServedTrainingImages(const ServedTrainingImages&) = delete;
  ServedTrainingImages& operator=(const ServedTrainingImages&) = delete;

  /// `pending` until the images are indexed.
  serving::NearImages find(const std::shared_ptr<const serving::ServedModel>& model,
                           const Tensor& image, std::size_t count);

 private:
  class Index;
  std::shared_ptr<Index> index_of(const std::shared_ptr<const serving::ServedModel>& model);

  std::mutex mutex_;
  std::map<const serving::ServedModel*, std::shared_ptr<Index>> indices_;
};

}  // namespace digitry::app
