#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/serving/metrics.h"
#include "digitry/tensor/tensor.h"

namespace digitry::serving {

/// Largest number of images in a batch; larger requests are split.
inline constexpr std::int64_t kMaxImagesAtOnce = 32;

/// A loaded model and its classifier. Immutable.
class ServedModel {
 public:
  /// Plans the networks for one image and measures it. Throws as Classifier's constructor does.
  explicit ServedModel(Model model);

  const Model& model() const { return classifier_.model(); }

  /// Thread-safe. Small batches run on the calling thread.
  const Classifier& classifier() const { return classifier_; }

  /// Time for a batch of one image, measured by the constructor.
  double seconds_per_image() const { return seconds_per_image_; }

 private:
  Classifier classifier_;
  double seconds_per_image_ = 0;
};

struct QueueOptions {
  int num_workers = 1;            ///< Batches computed in parallel, each on one processor.
  std::int64_t max_queued = 256;  ///< Waiting requests; more are rejected.
  std::size_t max_queued_bytes = std::size_t{256} << 20;  ///< Bytes of all waiting images.
  std::chrono::microseconds max_delay{
      0};  ///< How long a request may wait to be batched with others.
  std::chrono::milliseconds timeout{30'000};  ///< A request that waits longer fails.
};

/// The requests that wait for one model. A short request is computed at once, on the submitting
/// thread, if a worker is free and nothing waits. Others wait until a worker is free and are
/// computed in batches.
class InferenceQueue {
 public:
  using Clock = std::chrono::steady_clock;
  /// Called once, on any thread, with the logits, float32 [N, num_classes], or with the failure. It
  /// should not throw: exceptions are only logged.
  using Done = std::function<void(Tensor logits, std::exception_ptr failure)>;

  /// Throws Error{kInvalidArgument} if `num_workers` or `max_queued` is less than 1.
  InferenceQueue(const QueueOptions& options, ModelMetrics& metrics);
  /// Computes the waiting requests, then returns. Nothing may be submitted during this.
  ~InferenceQueue();
  InferenceQueue(const InferenceQueue&) = delete;
  InferenceQueue& operator=(const InferenceQueue&) = delete;

  /// `images` are uint8 or float32 [N, C, H, W], N ≥ 1, of the model's shape. Throws
  /// Error{kUnavailable} if the queue is full and std::bad_alloc if memory is exhausted; `done` is
  /// then not called.
  void submit(std::shared_ptr<const ServedModel> model, Tensor images, Done done);

 private:
  struct Job {
    std::shared_ptr<const ServedModel> model;
    Tensor images;
    Done done;
    Clock::time_point since;
  };

  void work(std::vector<Job> batch);
  bool wait_for_company(std::unique_lock<std::mutex>& lock);
  void take_batch(std::vector<Job>& batch);
  void run(std::vector<Job>& batch) noexcept;
  static void give(Job& job, Tensor logits, const std::exception_ptr& failure) noexcept;
  Tensor compute(const std::vector<Job>& batch);
  void drop_late(std::vector<Job>& batch, Clock::time_point now);
  void check_room(const Job& job);
  void finished();

  const QueueOptions options_;
  ModelMetrics& metrics_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  std::int64_t queued_images_ = 0;
  std::size_t queued_bytes_ = 0;
  int running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace digitry::serving
