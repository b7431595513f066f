#include "digitry/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace digitry {
namespace {

// Source: kat_vectors of Random123, published by the authors of the paper (philox4x32, 10 rounds).
TEST(Philox, GivesTheKnownAnswers) {
  using Counter = Philox::Counter;
  EXPECT_EQ(Philox::block({0, 0, 0, 0}, {0, 0}),
            (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(
      Philox::block({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
      (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      Philox::block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, IsTheBlocksOfItsCounterInOrder) {
  RandomStream random(0x1122334455667788, RandomPurpose::kShuffle, 5, 9);
  EXPECT_EQ(random.key(), (Philox::Key{0x55667788, 0x11223344}));
  const auto [a, b] = random.stream_words();
  for (std::uint32_t block = 0; block < 3; ++block)
    for (const std::uint32_t word : Philox::block({block, 0, a, b}, random.key()))
      EXPECT_EQ(random.next_u32(), word);
}

TEST(RandomStream, DiffersBySeedPurposeAndBothWords) {
  const auto first = [](RandomStream random) { return random.next_u32(); };
  const std::uint32_t one = first({1, RandomPurpose::kTest, 2, 3});
  EXPECT_EQ(one, first({1, RandomPurpose::kTest, 2, 3}));
  EXPECT_NE(one, first({2, RandomPurpose::kTest, 2, 3}));
  EXPECT_NE(one, first({1ULL << 32 | 1, RandomPurpose::kTest, 2, 3}));
  EXPECT_NE(one, first({1, RandomPurpose::kDropout, 2, 3}));
  EXPECT_NE(one, first({1, RandomPurpose::kTest, 3, 3}));
  EXPECT_NE(one, first({1, RandomPurpose::kTest, 2, 4}));
}

TEST(RandomStream, FloatsFillTheHalfOpenUnitInterval) {
  RandomStream random(7, RandomPurpose::kTest);
  constexpr int kCount = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.next_float();
    ASSERT_GE(x, 0);
    ASSERT_LT(x, 1);
    sum += x;
    squares += x * x;
  }
  // Five standard errors: √(1/12)/√n and √(4/45)/√n.
  EXPECT_NEAR(sum / kCount, 0.5, 5 * std::sqrt(1.0 / 12 / kCount));
  EXPECT_NEAR(squares / kCount, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kCount));
}

TEST(RandomStream, NormalsHaveTheMomentsOfANormal) {
  RandomStream random(8, RandomPurpose::kTest);
  constexpr int kCount = 100000;
  std::array<double, 4> moments{};
  for (int i = 0; i < kCount; ++i) {
    const double x = random.next_normal();
    ASSERT_TRUE(std::isfinite(x));
    double power = 1;
    for (double& moment : moments) moment += (power *= x);
  }
  const double n = kCount;
  // Five standard errors: the variances of x, x², x³, x⁴ are 1, 2, 15, 96.
  EXPECT_NEAR(moments[0] / n, 0, 5 * std::sqrt(1 / n));
  EXPECT_NEAR(moments[1] / n, 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(moments[2] / n, 0, 5 * std::sqrt(15 / n));
  EXPECT_NEAR(moments[3] / n, 3, 5 * std::sqrt(96 / n));
}

TEST(RandomStream, NextBelowIsUniformAlsoWhereTheBoundDividesBadly) {
  // With the bound 3·2^30, a plain remainder would return the first third twice as often.
  for (const std::uint32_t bound : {1U, 2U, 3U, 10U, 3U << 30}) {
    RandomStream random(9, RandomPurpose::kTest, bound);
    constexpr int kCount = 60000;
    const std::uint32_t num_cells = std::min(bound, 12U);
    std::vector<int> cells(num_cells);
    for (int i = 0; i < kCount; ++i) {
      const std::uint32_t value = random.next_below(bound);
      ASSERT_LT(value, bound);
      ++cells[static_cast<std::size_t>(std::uint64_t{value} * num_cells / bound)];
    }
    const double p = 1.0 / num_cells;
    for (const int cell : cells)
      EXPECT_NEAR(cell, kCount * p, 5 * std::sqrt(kCount * p * (1 - p)) + 1e-9) << bound;
  }
}

TEST(Shuffle, IsAPermutationThatTheStreamDecides) {
  const auto shuffled = [](std::uint64_t seed) {
    std::vector<std::int32_t> values(1000);
    std::iota(values.begin(), values.end(), 0);
    RandomStream random(seed, RandomPurpose::kShuffle);
    shuffle(values, random);
    return values;
  };
  const auto a = shuffled(1);
  EXPECT_EQ(a, shuffled(1));
  EXPECT_NE(a, shuffled(2));
  EXPECT_FALSE(std::ranges::is_sorted(a));
  auto sorted = a;
  std::ranges::sort(sorted);
  for (std::size_t i = 0; i < sorted.size(); ++i)
    ASSERT_EQ(sorted[i], static_cast<std::int32_t>(i));
}

TEST(Shuffle, GivesEveryOrderAlikeOften) {
  std::map<std::vector<std::int32_t>, int> orders;
  RandomStream random(3, RandomPurpose::kTest);
  constexpr int kCount = 24000;
  for (int i = 0; i < kCount; ++i) {
    std::vector<std::int32_t> values{0, 1, 2, 3};
    shuffle(values, random);
    ++orders[values];
  }
  ASSERT_EQ(orders.size(), 24u);
  const double p = 1.0 / 24;
  for (const auto& [order, count] : orders)
    EXPECT_NEAR(count, kCount * p, 5 * std::sqrt(kCount * p * (1 - p)));
}

TEST(Shuffle, LeavesNothingAndOneAlone) {
  RandomStream random(3, RandomPurpose::kTest);
  std::vector<std::int32_t> none;
  shuffle(none, random);
  std::vector<std::int32_t> one{5};
  shuffle(one, random);
  EXPECT_EQ(one[0], 5);
}

}  // namespace
}  // namespace digitry
