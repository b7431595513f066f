#pragma once

#include <algorithm>
#include <barrier>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "digitry/base/communicator.h"
#include "digitry/base/parallel.h"

namespace digitry::test {

/// What the ranks of `run_ranks` have in common.
struct ThreadRanksBoard {
  explicit ThreadRanksBoard(int size)
      : texts(static_cast<std::size_t>(size)),
        floats(texts.size()),
        doubles(texts.size()),
        barrier(size) {}
  std::vector<std::string> texts;
  std::vector<std::span<float>> floats;
  std::vector<std::span<double>> doubles;
  std::barrier<> barrier;
};

/// A rank that is a thread of this process, so that tests of the trainer need no MPI. Sums are in
/// the order of the ranks.
class ThreadRank : public Communicator {
 public:
  ThreadRank(ThreadRanksBoard& board, int rank) : board_(board), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(board_.texts.size()); }
  std::string host() const override { return "host" + std::to_string(rank_); }
  void start_sum(std::span<float> values) override { sum(board_.floats, values); }
  void start_sum(std::span<double> values) override { sum(board_.doubles, values); }
  void finish_sums() override {}
  std::vector<std::string> gather(std::string_view text) override {
    board_.texts[index()] = text;
    board_.barrier.arrive_and_wait();
    std::vector<std::string> all = board_.texts;
    board_.barrier.arrive_and_wait();
    return all;
  }

 private:
  std::size_t index() const { return static_cast<std::size_t>(rank_); }

  template <typename T>
  void sum(std::vector<std::span<T>>& all, std::span<T> values) {
    all[index()] = values;
    board_.barrier.arrive_and_wait();
    std::vector<T> total(values.size());
    for (const std::span<T> part : all)
      for (std::size_t i = 0; i < total.size(); ++i) total[i] += part[i];
    board_.barrier.arrive_and_wait();
    std::ranges::copy(total, values.begin());
    board_.barrier.arrive_and_wait();
  }

  ThreadRanksBoard& board_;
  int rank_;
};

/// Runs `work` on `size` ranks, each a thread that computes with one thread.
inline void run_ranks(int size, const std::function<void(Communicator&)>& work) {
  ThreadRanksBoard board(size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&board, &work, rank] {
      const ScopedNumThreads scope(1);
      ThreadRank communicator(board, rank);
      work(communicator);
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace digitry::test
