#pragma once

#include <cstdint>

#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"

namespace digitry::serving {

/// Most images that are computed at once; more are cut into several batches.
inline constexpr std::int64_t kMaxImagesAtOnce = 32;

/// A model that does not change any more, and what computes with it.
class ServedModel {
 public:
  /// Plans the networks for one image and times it. Throws what Classifier's constructor throws.
  explicit ServedModel(Model model);

  const Model& model() const { return classifier_.model(); }

  /// Answers on the calling thread alone, from any number of threads at once.
  const Classifier& classifier() const { return classifier_; }

  /// What one image takes by itself, measured at the start.
  double seconds_an_image() const { return seconds_an_image_; }

 private:
  Classifier classifier_;
  double seconds_an_image_ = 0;
};

}  // namespace digitry::serving
