#include "digitry/serving/inference/inference_queue.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/serving/http/http.h"

namespace digitry::serving {
namespace {

std::int64_t num_images(const Tensor& images) { return images.shape()[0]; }

double seconds_between(InferenceQueue::Clock::time_point from,
                       InferenceQueue::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// Longer requests are not computed on the submitting thread, which serves other connections too:
// they would wait, and the other processors with them.
constexpr double kMaxSecondsAtOnce = 0.0001;

double seconds_for(const Tensor& images, const ServedModel& model) {
  return static_cast<double>(num_images(images)) * model.seconds_per_image();
}

constexpr int kTimedRuns = 5;

std::byte* append(const Tensor& part, std::byte* to) {
  std::memcpy(to, part.data(), part.num_bytes());
  return to + part.num_bytes();
}

// Copies the first rows of `from` and advances it past them.
Tensor take_rows(std::int64_t count, std::int64_t columns, std::span<const float>& from) {
  Tensor rows({count, columns}, DType::kF32);
  std::ranges::copy(from.first(rows.as<float>().size()), rows.as<float>().begin());
  from = from.subspan(rows.as<float>().size());
  return rows;
}

}  // namespace

ServedModel::ServedModel(Model model)
    : classifier_(std::move(model), {.max_batch_size = kMaxImagesAtOnce}) {
  const Tensor image(classifier_.model().input_shape().with_batch(1), DType::kU8);
  classifier_.logits(image);
  seconds_per_image_ = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kTimedRuns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    classifier_.logits(image);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    seconds_per_image_ = std::min(seconds_per_image_, taken.count());
  }
}

InferenceQueue::InferenceQueue(const QueueOptions& options, ModelMetrics& metrics)
    : options_(options), metrics_(metrics) {
  if (options.num_workers < 1 || options.max_queued < 1)
    throw Error(ErrorCode::kInvalidArgument,
                "inference queue: expected num_workers >= 1 and max_queued >= 1, got {} and {}",
                options.num_workers, options.max_queued);
  for (int i = 0; i < options.num_workers; ++i) {
    // Room for a batch of single images, so that taking a batch does not allocate.
    std::vector<Job> batch;
    batch.reserve(kMaxImagesAtOnce);
    workers_.emplace_back(&InferenceQueue::work, this, std::move(batch));
  }
}

InferenceQueue::~InferenceQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void InferenceQueue::submit(std::shared_ptr<const ServedModel> model, Tensor images, Done done) {
  std::vector<Job> batch;
  batch.push_back({std::move(model), std::move(images), std::move(done), Clock::now()});
  {
    Job& job = batch.front();
    const std::lock_guard lock(mutex_);
    const bool at_once = queue_.empty() && running_ < options_.num_workers &&
                         options_.max_delay == std::chrono::microseconds::zero() &&
                         seconds_for(job.images, *job.model) <= kMaxSecondsAtOnce;
    if (!at_once) {
      check_room(job);
      const std::int64_t count = num_images(job.images);
      const std::size_t bytes = job.images.num_bytes();
      queue_.push_back(std::move(job));  // The last statement that may throw.
      queued_images_ += count;
      queued_bytes_ += bytes;
      metrics_.set_queued(std::ssize(queue_));
      wake_.notify_one();
      return;
    }
    ++running_;
  }
  run(batch);
  finished();
}

void InferenceQueue::check_room(const Job& job) {
  const bool room =
      queue_.empty() || (std::ssize(queue_) < options_.max_queued &&
                         queued_bytes_ + job.images.num_bytes() <= options_.max_queued_bytes);
  if (room) return;
  metrics_.rejected();
  throw Error(ErrorCode::kUnavailable,
              "the queue is full: {} requests are waiting; try again later", queue_.size());
}

// `batch` is empty and has room for kMaxImagesAtOnce requests.
void InferenceQueue::work(std::vector<Job> batch) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return queue_.empty() ? stopping_ : running_ < options_.num_workers; });
    if (queue_.empty()) return;
    if (!wait_for_company(lock)) continue;
    take_batch(batch);
    ++running_;
    lock.unlock();
    run(batch);
    batch.clear();
    finished();
    lock.lock();
  }
}

// False if other workers have taken all requests meanwhile.
bool InferenceQueue::wait_for_company(std::unique_lock<std::mutex>& lock) {
  if (options_.max_delay == std::chrono::microseconds::zero()) return true;
  const auto until = queue_.front().since + options_.max_delay;
  wake_.wait_until(lock, until, [&] {
    return stopping_ || queue_.empty() || queued_images_ >= kMaxImagesAtOnce;
  });
  return !queue_.empty() && running_ < options_.num_workers;
}

// Moves the requests at the head that can be computed together into `batch`; at least one. Each has
// at least one image, so `batch` has room for them.
void InferenceQueue::take_batch(std::vector<Job>& batch) {
  std::int64_t count = 0;
  do {
    count += num_images(queue_.front().images);
    queued_bytes_ -= queue_.front().images.num_bytes();
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  } while (!queue_.empty() && queue_.front().model == batch.front().model &&
           queue_.front().images.dtype() == batch.front().images.dtype() &&
           count + num_images(queue_.front().images) <= kMaxImagesAtOnce);
  queued_images_ -= count;
  metrics_.set_queued(std::ssize(queue_));
}

// Answers a request, unless it was answered before. An exception of its `done` is logged.
void InferenceQueue::give(Job& job, Tensor logits, const std::exception_ptr& failure) noexcept {
  const Done done = std::exchange(job.done, nullptr);
  if (!done) return;
  try {
    done(std::move(logits), failure);
  } catch (...) {
    log_lost_answer();
  }
}

// Answers every request exactly once, also if computing throws.
void InferenceQueue::run(std::vector<Job>& batch) noexcept {
  try {
    drop_late(batch, Clock::now());
    if (batch.empty()) return;
    Tensor logits = compute(batch);
    if (batch.size() == 1) {
      batch.front().images = Tensor();  // Frees memory for the answer.
      return give(batch.front(), std::move(logits), nullptr);
    }
    std::span<const float> rest = std::as_const(logits).as<float>();
    for (Job& job : batch)
      give(job, take_rows(num_images(job.images), logits.shape()[1], rest), nullptr);
  } catch (...) {
    for (Job& job : batch) give(job, {}, std::current_exception());
  }
}

// Fails the requests that have waited too long and removes them from `batch`.
void InferenceQueue::drop_late(std::vector<Job>& batch, Clock::time_point now) {
  for (Job& job : batch) {
    const double waited = seconds_between(job.since, now);
    metrics_.waited(waited);
    if (now - job.since > options_.timeout)
      give(job, {},
           std::make_exception_ptr(Error(ErrorCode::kUnavailable,
                                         "timed out after {:.1f} s in the queue; try again later",
                                         waited)));
  }
  std::erase_if(batch, [](const Job& job) { return !job.done; });
}

// The logits of all images of the batch, in order.
Tensor InferenceQueue::compute(const std::vector<Job>& batch) {
  const Clock::time_point start = Clock::now();
  const ServedModel& model = *batch.front().model;
  std::int64_t count = 0;
  for (const Job& job : batch) count += num_images(job.images);
  Tensor logits;
  if (batch.size() == 1) {
    logits = model.classifier().logits(batch.front().images);
  } else {
    Tensor images(model.model().input_shape().with_batch(count), batch.front().images.dtype());
    std::byte* end = images.data();
    for (const Job& job : batch) end = append(job.images, end);
    logits = model.classifier().logits(images);
  }
  metrics_.computed(count, seconds_between(start, Clock::now()));
  return logits;
}

void InferenceQueue::finished() {
  const std::lock_guard lock(mutex_);
  --running_;
  if (stopping_)
    wake_.notify_all();  // All workers check whether they have to end.
  else if (!queue_.empty())
    wake_.notify_one();
}

}  // namespace digitry::serving
