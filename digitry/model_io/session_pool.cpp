#include "digitry/model_io/session_pool.h"

#include <algorithm>
#include <array>

namespace digitry {
namespace {

// A plan always computes its whole batch, even if it has fewer images.
constexpr std::array<std::int64_t, 4> kBatchSizes = {1, 8, 32, 128};
// Of several threads that have a batch each: more images at a time do not fit their caches, and for
// more threads than that they are as many as memory should hold.
constexpr std::int64_t kMaxSharedBatch = 128;
constexpr int kMaxThreadsOfSharedBatch = 8;
// Per thread, so that one that other programs slow down does not keep the rest waiting for long.
constexpr std::int64_t kBatchesPerThread = 2;

// The batch size for the next images if `left` are left: the smallest that holds them all, or the
// next smaller one if a quarter of it or more would be empty.
std::int64_t next_batch(std::int64_t left, std::int64_t max_batch) {
  std::int64_t lower = 1;
  for (const std::int64_t size : kBatchSizes) {
    if (size >= max_batch) break;
    if (size >= left) return 4 * left > 3 * size ? size : lower;
    lower = size;
  }
  return 4 * left > 3 * max_batch ? max_batch : lower;
}

// The batch size for `count` images, more than kMaxSingleThreadBatch, which several threads share.
std::int64_t shared_batch_of(std::int64_t count, std::int64_t max_batch, int threads) {
  if (threads == 1) return max_batch;
  const bool large =
      threads <= kMaxThreadsOfSharedBatch && count >= kBatchesPerThread * threads * kMaxSharedBatch;
  return std::min(max_batch, large ? kMaxSharedBatch : kMaxSingleThreadBatch);
}

}  // namespace

std::vector<ImageBatch> image_batches(std::size_t count, std::int64_t max_batch, int threads) {
  if (static_cast<std::int64_t>(count) > kMaxSingleThreadBatch)
    max_batch = shared_batch_of(static_cast<std::int64_t>(count), max_batch, threads);
  std::vector<ImageBatch> batches;
  for (std::size_t first = 0; first < count; first += batches.back().count) {
    const std::int64_t size = next_batch(static_cast<std::int64_t>(count - first), max_batch);
    batches.push_back({size, first, std::min(count - first, static_cast<std::size_t>(size))});
  }
  return batches;
}

}  // namespace digitry
