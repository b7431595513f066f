#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace digitry {

/// Philox4x32-10, a counter-based random number generator: block `i` of a stream is a pure function
/// of the key and `i`, so that any thread can compute any part of the stream, in any order.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
struct Philox {
  using Counter = std::array<std::uint32_t, 4>;
  using Key = std::array<std::uint32_t, 2>;
  static Counter block(Counter counter, Key key);
};

/// The purpose of a stream of random numbers. Streams of different purposes are independent.
enum class RandomPurpose : std::uint32_t {
  kInitialWeights = 1,
  kShuffle = 2,
  kValidationSplit = 3,
  kDropout = 4,
  kAugmentation = 5,
  kCorruption = 6,
  kErasedInk = 7,
  kClutter = 8,
  kRandomFilter = 9,
  kBlur = 10,
  kLight = 11,
  kInversion = 12,
  kNoise = 13,
  kTuning = 14,
  kFlip = 15,
  kPieces = 16,
  kTest = 99,
};

/// A stream of random numbers: a function of (seed, purpose, a, b). `a` and `b` distinguish streams
/// of the same purpose, e.g. by step and layer.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint32_t a = 0, std::uint32_t b = 0);

  std::uint32_t next_u32();
  /// Uniform in [0, 1), with 24 random bits.
  float next_float();
  /// Uniform in [low, high), or `low` if they are equal.
  double next_between(double low, double high);
  /// Standard normal, by the Box-Muller transform.
  float next_normal();
  /// Uniform in [0, bound), without bias. Expects bound > 0.
  /// Source: Lemire, "Fast random integer generation in an interval", ACM Transactions on Modeling
  /// and Computer Simulation 29, 2019.
  std::uint32_t next_below(std::uint32_t bound);

  /// The key and the last two words of the counter, for kernels that compute blocks themselves.
  Philox::Key key() const { return key_; }
  std::array<std::uint32_t, 2> stream_words() const { return {counter_[2], counter_[3]}; }

 private:
  Philox::Key key_;
  Philox::Counter counter_;
  Philox::Counter block_{};
  unsigned used_ = 4;
};

/// Permutes `values` at random (Fisher-Yates shuffle).
void shuffle(std::span<std::int32_t> values, RandomStream& random);

}  // namespace digitry
