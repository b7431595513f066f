// The behaviour of a queue if an allocation fails, for each of its allocations in turn.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <new>
#include <thread>

#include "digitry/base/error.h"
#include "digitry/serving/inference/inference_queue.h"
#include "digitry/serving/page/task_queue.h"
#include "tests/serving/served.h"

namespace {

// Number of allocations before one fails; negative if none fails.
std::atomic<int> allocations_left = -1;

void* allocate(std::size_t size) {
  int left = allocations_left.load();
  while (left >= 0 && !allocations_left.compare_exchange_weak(left, left - 1)) {
  }
  if (left == 0) return nullptr;
  return std::malloc(size > 0 ? size : 1);
}

}  // namespace

// These replace operator new in the whole test program; it fails only in these tests.
void* operator new(std::size_t size) {
  void* memory = allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
// The address sanitizer's operator new would not match the `delete` below.
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return allocate(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

namespace digitry::serving::test {
namespace {

class NoMetrics : public ModelMetrics {
 public:
  void computed(std::int64_t /*num_images*/, double /*seconds*/) override {}
  void waited(double /*seconds*/) override {}
  void set_queued(std::int64_t /*num_requests*/) override {}
  void rejected() override {}
  void reloaded(bool /*succeeded*/) override {}
};

class OutOfMemory : public testing::Test {
 protected:
  // Plans for these batch sizes are made first: oneDNN and OpenMP do not survive a failed
  // allocation while they compile kernels and start threads.
  OutOfMemory() {
    for (const std::int64_t count : {1, 6}) model_->classifier().logits(small_images(count));
  }
  ~OutOfMemory() override { allocations_left = -1; }

  // The queue still works, and none of its workers is lost.
  void expect_sound(InferenceQueue& queue) {
    allocations_left = -1;
    for (int i = 0; i < 2; ++i) {
      std::promise<bool> answered;
      queue.submit(model_, small_images(1), [&](const Tensor&, const std::exception_ptr& failure) {
        answered.set_value(failure == nullptr);
      });
      EXPECT_TRUE(answered.get_future().get());
    }
  }

  const std::shared_ptr<const ServedModel> model_ =
      std::make_shared<ServedModel>(digitry::test::small_model());
  NoMetrics metrics_;
};

TEST_F(OutOfMemory, ARequestComputedAtOnceIsAnsweredOrRefused) {
  InferenceQueue queue({}, metrics_);
  bool failed = true;
  for (int n = 0; failed; ++n) {
    Tensor images = small_images(1);
    int answers = 0;
    failed = false;
    InferenceQueue::Done done = [&](const Tensor&, const std::exception_ptr& failure) {
      ++answers;
      failed = failed || failure != nullptr;
    };
    allocations_left = n;
    try {
      queue.submit(model_, std::move(images), std::move(done));
    } catch (const std::bad_alloc&) {
      ++answers;
      failed = true;
    }
    allocations_left = -1;
    EXPECT_EQ(answers, 1) << n;
    expect_sound(queue);
    ASSERT_LT(n, 1000);
  }
}

TEST_F(OutOfMemory, RequestsComputedTogetherAreAnswered) {
  bool failed = true;
  for (int n = 0; failed; ++n) {
    failed = false;
    std::atomic<int> answers = 0;
    std::atomic<bool> failures = false;
    {
      InferenceQueue queue({}, metrics_);
      std::promise<void> occupied, go;
      std::thread first([&] {
        queue.submit(model_, small_images(1), [&](const Tensor&, const std::exception_ptr&) {
          occupied.set_value();
          go.get_future().wait();
          allocations_left = n;  // From here on, in the thread that computes the others.
        });
      });
      occupied.get_future().wait();
      for (int i = 0; i < 3; ++i)
        queue.submit(model_, small_images(2),
                     [&](const Tensor&, const std::exception_ptr& failure) {
                       if (failure) failures = true;
                       ++answers;
                     });
      go.set_value();
      first.join();
    }
    allocations_left = -1;
    EXPECT_EQ(answers, 3) << n;
    failed = failures;
    ASSERT_LT(n, 1000);
  }
}

TEST_F(OutOfMemory, ARequestThatWouldWaitLeavesNothingBehind) {
  constexpr int kRoom = 10;  // For requests of 16 bytes.
  for (int n = 0; n < 4; ++n) {
    InferenceQueue queue({.max_queued_bytes = kRoom * 16}, metrics_);
    std::promise<void> occupied, go;
    std::thread first([&] {
      queue.submit(model_, small_images(1), [&](const Tensor&, const std::exception_ptr&) {
        occupied.set_value();
        go.get_future().wait();
      });
    });
    occupied.get_future().wait();
    std::atomic<int> answers = 0;
    int accepted = 0;
    // If a request that failed to enter were counted, there would be no room for the others.
    for (int i = 0; i < 100; ++i) {
      Tensor images = small_images(1);
      allocations_left = i < 50 ? n : -1;
      try {
        queue.submit(model_, std::move(images),
                     [&](const Tensor&, const std::exception_ptr&) { ++answers; });
        ++accepted;
      } catch (const std::bad_alloc&) {
      } catch (const Error&) {
      }
      allocations_left = -1;
    }
    EXPECT_EQ(accepted, kRoom) << n;
    go.set_value();
    first.join();
    while (answers < accepted) std::this_thread::yield();
    expect_sound(queue);
    EXPECT_EQ(answers, accepted);
  }
}

TEST_F(OutOfMemory, ATaskThatThrowsEndsNothing) {
  TaskQueue queue(1, 4);
  std::promise<void> done;
  queue.submit([] { throw std::bad_alloc(); });
  queue.submit([&] { done.set_value(); });
  done.get_future().wait();
}

TEST_F(OutOfMemory, AnAnswerThatThrowsEndsNothing) {
  InferenceQueue queue({.max_delay = std::chrono::microseconds(1)}, metrics_);
  for (int i = 0; i < 3; ++i)
    queue.submit(model_, small_images(1),
                 [](const Tensor&, const std::exception_ptr&) { throw std::bad_alloc(); });
  expect_sound(queue);
}

}  // namespace
}  // namespace digitry::serving::test
