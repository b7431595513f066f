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

struct QueueOptions {
  int num_workers = 1;  ///< Batches that are computed side by side, each on one processor.
  std::int64_t max_queued = 256;                          ///< Requests that wait; more are refused.
  std::size_t max_queued_bytes = std::size_t{256} << 20;  ///< Their images together, likewise.
  std::chrono::microseconds max_delay{0};     ///< A request may wait this long for company.
  std::chrono::milliseconds timeout{30'000};  ///< A request that waited longer is given up.
};

/// What one model has to compute, request by request. A request that finds nothing at work, and is
/// quickly done, is computed at once, by the thread that brings it; others wait, and are computed
/// together as soon as one of the workers is free.
class InferenceQueue {
 public:
  using Clock = std::chrono::steady_clock;
  /// Told the logits, float32 [N, num_classes], or what went wrong: once, on any thread. Should not
  /// throw: nobody learns of it.
  using Done = std::function<void(Tensor logits, std::exception_ptr failure)>;

  /// Throws Error{kInvalidArgument} without a worker or room for one request.
  InferenceQueue(const QueueOptions& options, ModelMetrics& metrics);
  /// Computes what waits, then returns. Nothing may be submitted any more.
  ~InferenceQueue();
  InferenceQueue(const InferenceQueue&) = delete;
  InferenceQueue& operator=(const InferenceQueue&) = delete;

  /// `images` are N ≥ 1 of the model's shape. Throws Error{kUnavailable} where the queue is full,
  /// std::bad_alloc where memory ends; `done` is not called then.
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
