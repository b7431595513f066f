#include "digitry/base/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <thread>
#include <vector>

#include "tests/support/errors.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

// The number of visits of each index. Plain integers, because the parts must not overlap.
std::vector<int> visits(std::int64_t count, std::int64_t grain) {
  std::vector<int> visited(static_cast<std::size_t>(count));
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++visited[static_cast<std::size_t>(i)];
  });
  return visited;
}

TEST(ParallelFor, VisitsEveryIndexOnce) {
  for (const int threads : {1, 2, 3, 7}) {
    const ScopedNumThreads scope(threads);
    for (const std::int64_t count : {0, 1, 2, 5, 100, 1001})
      for (const std::int64_t grain : {1, 3, 100, 5000})
        EXPECT_TRUE(std::ranges::all_of(visits(count, grain), [](int n) { return n == 1; }))
            << threads << " threads, " << count << " by " << grain;
  }
}

TEST(ParallelFor, DoesNotCallForNothing) {
  parallel_for(0, 1, [](std::int64_t, std::int64_t) { FAIL(); });
}

TEST(ParallelFor, LeavesSmallWorkToOneThread) {
  const ScopedNumThreads scope(4);
  std::atomic<int> calls = 0;
  parallel_for(100, 100, [&](std::int64_t begin, std::int64_t end) {
    ++calls;
    EXPECT_EQ(begin, 0);
    EXPECT_EQ(end, 100);
  });
  EXPECT_EQ(calls, 1);
}

TEST(ParallelFor, PartsAreAsManyAsThreads) {
  const ScopedNumThreads scope(3);
  std::atomic<int> calls = 0;
  parallel_for(300, 10, [&](std::int64_t begin, std::int64_t end) {
    ++calls;
    EXPECT_EQ(end - begin, 100);
  });
  EXPECT_EQ(calls, 3);
}

// OpenMP gives an inner region one thread although num_threads() is two.
#if !defined(__SANITIZE_THREAD__)  // The test opens an OpenMP region; see parallel.cpp.
TEST(ParallelFor, DoesAllTheWorkWhereOpenMpGivesFewerThreads) {
  const ScopedNumThreads scope(2);
  std::vector<std::vector<int>> visited(2);
#pragma omp parallel for num_threads(2)
  for (int i = 0; i < 2; ++i) visited[static_cast<std::size_t>(i)] = visits(1000, 1);
  for (const auto& one : visited)
    EXPECT_TRUE(std::ranges::all_of(one, [](int n) { return n == 1; }));
}
#endif

// GCC's OpenMP ends them at once; LLVM's keeps them until the process ends.
#if defined(__linux__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
TEST(Threads, AreEndedByTheirRelease) {
  const auto count = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const ScopedNumThreads scope(4);
  visits(1000, 1);
  const auto before = count();
  EXPECT_GE(before, 4);
  release_threads();
  // A thread may take a moment to leave the list.
  for (int i = 0; i < 1000 && count() > before - 3; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(count(), before - 3);
}
#endif

TEST(Threads, StartAnewAfterTheirRelease) {
  const ScopedNumThreads scope(3);
  for (int round = 0; round < 3; ++round) {
    const std::vector<int> visited = visits(1000, 1);
    EXPECT_EQ(std::ranges::count(visited, 1), 1000);
    release_threads();
    EXPECT_EQ(num_threads(), 3) << "the number stays";
  }
}

TEST(Threads, AreSetAndChecked) {
  const int by_default = num_threads();
  const ScopedNumThreads scope(by_default + 3);
  EXPECT_EQ(num_threads(), by_default + 3);
  // The number belongs to each thread.
  std::thread([&] { EXPECT_EQ(num_threads(), by_default); }).join();
  set_num_threads(0);
  EXPECT_EQ(num_threads(), by_default);
  for (const int count : {-1, 1025})
    test::expect_error(ErrorCode::kInvalidArgument, {"threads", std::to_string(count)},
                       [&] { set_num_threads(count); });
}

}  // namespace
}  // namespace digitry
