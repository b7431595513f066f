#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "digitry/model_io/classifier.h"
#include "digitry/model_io/familiarity.h"
#include "digitry/model_io/model.h"
#include "digitry/tensor/tensor.h"

namespace digitry::serving {

/// Most images that are computed at once; more are cut into several batches.
inline constexpr std::int64_t kMaxImagesAtOnce = 32;

/// A model that does not change any more, and what computes with it.
class ServedModel {
 public:
  /// Plans the networks for one image and times it. Throws what Classifier's constructor throws.
  explicit ServedModel(Model model);

  const Model& model() const { return model_; }

  /// What one image takes by itself, measured at the start.
  double seconds_an_image() const { return seconds_an_image_; }

  /// Logits, float32 [N, num_classes], of images uint8 or float32 [N, C, H, W] with pixels 0 to
  /// 255. On one processor: the calling thread. May be called from several threads at once; each
  /// has a copy of the parameters.
  Tensor logits(const Tensor& images) const;

  /// How familiar images are to the model (model_io/familiarity.h): N numbers from 0 to 1. On one
  /// processor: the calling thread. May be called from several threads at once; one after the
  /// other is served.
  std::vector<double> familiarity(const Tensor& images) const;

 private:
  Model model_;
  double seconds_an_image_ = 0;
  mutable std::mutex mutex_;
  /// By batch size.
  mutable std::map<std::int64_t, std::vector<std::unique_ptr<Classifier>>> idle_;
  mutable std::mutex familiarity_mutex_;
  mutable std::unique_ptr<Familiarity> familiarity_;  ///< Made when it is first wanted.
};

}  // namespace digitry::serving
