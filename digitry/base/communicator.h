#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/base/error.h"

namespace digitry {

/// Connects the processes that work on one training together, the ranks, which are numbered from 0.
/// `one_rank` is a process on its own; digitry/comm/mpi.h connects processes by MPI.
///
/// Unless stated otherwise, every function is collective: all ranks call it, in the same order, or
/// they wait for each other for ever.
class Communicator {
 public:
  virtual ~Communicator() = default;

  /// In [0, size()). Not collective; likewise `size` and `host`.
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// The name of the machine that this rank runs on.
  virtual std::string host() const = 0;

  /// Begins to replace `values` on every rank by their sum over all ranks, element by element. The
  /// memory must not be used before `finish_sums`. Sums run in the order in which they are started.
  /// All ranks get the same bits, and the same number of ranks always adds in the same order.
  virtual void start_sum(std::span<float> values) = 0;
  virtual void start_sum(std::span<double> values) = 0;
  /// Waits for all sums that were started.
  virtual void finish_sums() = 0;

  /// The texts of all ranks, by rank. They may differ in length, and may be any bytes.
  virtual std::vector<std::string> gather(std::string_view text) = 0;

  bool is_first() const { return rank() == 0; }
};

/// A communicator of this process alone. Its functions cost nothing.
Communicator& one_rank();

/// Runs `work` on every rank. If it throws on one of them, all throw: the error of the first rank
/// that failed, with the rank and its host in front unless all ranks failed alike. So no rank waits
/// for one that gave up. `work` must not use `ranks`.
void collectively(Communicator& ranks, const std::function<void()>& work);

/// The text of rank 0, on every rank.
std::string broadcast(Communicator& ranks, std::string_view text);

/// Compares `value` on all ranks. Throws on all ranks, naming the first that has another value than
/// rank 0, Error{code}: "rank 1 on b: expected the same recipe as rank 0 on a (X), found another
/// (Y); `advice`", with `what` "recipe".
void check_same(Communicator& ranks, ErrorCode code, std::string_view what, std::string_view value,
                std::string_view advice);

/// "rank 2 on node7"
std::string rank_name(int rank, std::string_view host);

/// A part of a range: `count` elements from `first`.
struct Share {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// The share of this rank in `count` elements. Shares are contiguous, in the order of the ranks,
/// and differ by at most one element. Not collective.
Share share_of(const Communicator& ranks, std::int64_t count);

}  // namespace digitry
