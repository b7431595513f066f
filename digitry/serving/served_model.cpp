#include "digitry/serving/served_model.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "digitry/tensor/tensor.h"

namespace digitry::serving {
namespace {

constexpr int kTimedRuns = 5;

}  // namespace

ServedModel::ServedModel(Model model)
    : classifier_(std::move(model), {.max_batch_size = kMaxImagesAtOnce}) {
  const Tensor image(classifier_.model().input_shape().with_batch(1), DType::kU8);
  classifier_.logits(image);
  seconds_an_image_ = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kTimedRuns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    classifier_.logits(image);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    seconds_an_image_ = std::min(seconds_an_image_, taken.count());
  }
}

}  // namespace digitry::serving
