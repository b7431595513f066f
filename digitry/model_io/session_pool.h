#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "digitry/base/parallel.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/plan/session.h"

// How a classifier runs networks over many images: which batches it plans, and on which threads.

namespace digitry {

/// Up to so many images are computed by the calling thread alone: synchronising more threads would
/// take longer than the work.
inline constexpr std::int64_t kMaxSingleThreadBatch = 32;

/// Part of the images.
struct ImageBatch {
  std::int64_t size;         ///< Of the plan, which always computes all of it.
  std::size_t first, count;  ///< The images; `count` is at most `size`.
};

/// Divides `count` images into batches of 1, 8, 32, 128 or `max_batch` for so many threads.
std::vector<ImageBatch> image_batches(std::size_t count, std::int64_t max_batch, int threads);

/// What a SessionPool plans.
struct PlannedNetworks {
  const Model& model;
  Precision precision;     ///< Of predictors.
  std::int64_t max_batch;  ///< Most images at a time.
  bool shares_threads;     ///< Whether more than kMaxSingleThreadBatch images use all threads.
};

/// The networks of a model, planned for one batch size. One thread uses it at a time.
template <typename Runner>
struct Session {
  Session(const Model& model, std::int64_t batch_size, Precision precision) {
    for (const Member& member : model.members) {
      if constexpr (std::is_same_v<Runner, Predictor>)
        networks.emplace_back(member.network, model.preprocessing, batch_size, precision);
      else
        networks.emplace_back(member.network, model.preprocessing, batch_size);
    }
  }
  std::deque<Runner> networks;  ///< A deque, because its elements are not movable.
};

/// Sessions not in use, by batch size. Each is planned for one thread. Thread-safe.
template <typename Runner>
class SessionPool {
 public:
  /// Calls `run(session, first, indices)` for batches of the images `indices`, of which `first` are
  /// before the batch. Whole batches go to the threads, which therefore never wait for one another
  /// within a network. Throws what planning and `run` throw.
  template <typename Run>
  void run_batches(const PlannedNetworks& planned, std::span<const std::int32_t> indices,
                   const Run& run) {
    const bool is_small = std::ssize(indices) <= kMaxSingleThreadBatch;
    const int threads = is_small || !planned.shares_threads ? 1 : num_threads();
    const std::vector<ImageBatch> batches =
        image_batches(indices.size(), planned.max_batch, threads);
    std::atomic<std::size_t> next{0};
    std::exception_ptr failure;
    std::mutex failure_mutex;
    const auto work = [&](std::int64_t /*part*/) {
      const ScopedNumThreads one(1);
      try {
        for (std::size_t i = next++; i < batches.size(); i = next++) {
          const ImageBatch& batch = batches[i];
          SessionPointer session = take(batch.size);
          if (!session)
            session =
                std::make_unique<Session<Runner>>(planned.model, batch.size, planned.precision);
          run(*session, batch.first, indices.subspan(batch.first, batch.count));
          give_back(batch.size, std::move(session));
        }
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        if (!failure) failure = std::current_exception();
        next = batches.size();
      }
    };
    run_parts(std::min<std::int64_t>(threads, std::ssize(batches)), work);
    if (failure) std::rethrow_exception(failure);
  }

 private:
  using SessionPointer = std::unique_ptr<Session<Runner>>;

  SessionPointer take(std::int64_t size) {
    const std::lock_guard lock(mutex_);
    std::vector<SessionPointer>& idle = idle_[size];
    if (idle.empty()) return nullptr;
    SessionPointer session = std::move(idle.back());
    idle.pop_back();
    return session;
  }

  void give_back(std::int64_t size, SessionPointer session) {
    const std::lock_guard lock(mutex_);
    idle_[size].push_back(std::move(session));
  }

  std::mutex mutex_;
  std::map<std::int64_t, std::vector<SessionPointer>> idle_;
};

}  // namespace digitry
