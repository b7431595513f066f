#include "digitry/serving/served_model.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <utility>

#include "digitry/base/parallel.h"

namespace digitry::serving {
namespace {

// A plan computes its whole batch, however few images are in it.
constexpr std::array<std::int64_t, 3> kBatchSizes = {1, 8, kMaxImagesAtOnce};

constexpr int kTimedRuns = 5;

// Most of those asked about are alone; the rest are few.
constexpr std::int64_t kFamiliarityBatch = 1;

std::int64_t batch_size_for(std::int64_t num_images) {
  for (const std::int64_t size : kBatchSizes)
    if (num_images <= size) return size;
  return kBatchSizes.back();
}

// Requests are what runs side by side: one image is too little to share, and threads that wait for
// each other would cost more than they bring.
constexpr int kNumThreads = 1;

}  // namespace

ServedModel::ServedModel(Model model) : model_(std::move(model)) {
  const Tensor image(model_.input_shape().with_batch(1), DType::kU8);
  logits(image);
  seconds_an_image_ = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kTimedRuns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    logits(image);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    seconds_an_image_ = std::min(seconds_an_image_, taken.count());
  }
}

Tensor ServedModel::logits(const Tensor& images) const {
  const ScopedNumThreads scope(kNumThreads);
  const std::int64_t batch_size = batch_size_for(images.shape()[0]);
  std::unique_ptr<Classifier> classifier;
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::unique_ptr<Classifier>>& idle = idle_[batch_size];
    if (!idle.empty()) {
      classifier = std::move(idle.back());
      idle.pop_back();
    }
  }
  if (!classifier) classifier = std::make_unique<Classifier>(model_, batch_size);
  Tensor logits = classifier->logits(images);
  const std::lock_guard lock(mutex_);
  idle_[batch_size].push_back(std::move(classifier));
  return logits;
}

std::vector<double> ServedModel::familiarity(const Tensor& images) const {
  const ScopedNumThreads scope(kNumThreads);
  const std::lock_guard lock(familiarity_mutex_);
  if (!familiarity_) familiarity_ = std::make_unique<Familiarity>(model_, kFamiliarityBatch);
  return familiarity_->scores(images);
}

}  // namespace digitry::serving
