#include "digitry/serving/page/task_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/support/errors.h"

namespace digitry::serving {
namespace {

TEST(TaskQueue, RunsTasksSideBySide) {
  TaskQueue queue(2, 8);
  std::promise<void> first, second;
  std::atomic<int> ended = 0;
  // Each task waits until the other has started.
  queue.submit([&] {
    first.set_value();
    second.get_future().wait();
    ++ended;
  });
  std::promise<void> done;
  queue.submit([&] {
    second.set_value();
    first.get_future().wait();
    ++ended;
    done.set_value();
  });
  done.get_future().wait();
  while (ended < 2) std::this_thread::yield();
}

TEST(TaskQueue, RefusesWhatIsTooMuchAndDropsWhatWaitsAtItsEnd) {
  std::promise<void> begun, go_on;
  std::atomic<int> ran = 0;
  {
    TaskQueue queue(1, 2);
    queue.submit([&] {
      begun.set_value();
      go_on.get_future().wait();
      ++ran;
    });
    begun.get_future().wait();
    queue.submit([&] { ++ran; });
    queue.submit([&] { ++ran; });
    digitry::test::expect_error(ErrorCode::kUnavailable, {"2 requests are waiting"},
                                [&] { queue.submit([] {}); });
    std::thread later([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      go_on.set_value();
    });
    later.detach();
  }
  EXPECT_EQ(ran, 1);
}

TEST(TaskQueue, WantsAWorkerAndRoom) {
  EXPECT_THROW(TaskQueue(0, 1), Error);
  EXPECT_THROW(TaskQueue(1, 0), Error);
}

}  // namespace
}  // namespace digitry::serving
