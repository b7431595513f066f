#include "digitry/image/seam.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace digitry::test {
namespace {

constexpr std::int64_t kHeight = 8;
constexpr std::int64_t kWidth = 12;

std::vector<float> filled(float value) {
  return std::vector<float>(static_cast<std::size_t>(kHeight * kWidth), value);
}
float& at(std::vector<float>& ink, std::int64_t x, std::int64_t y) {
  return ink[static_cast<std::size_t>(y * kWidth + x)];
}

TEST(Seam, FollowsAGapThatLeans) {
  std::vector<float> ink = filled(1);
  for (std::int64_t y = 0; y < kHeight; ++y) at(ink, 2 + y, y) = 0;
  const Seam seam = cheapest_seam(ink, kHeight, kWidth, 6, {.stray = 5, .stray_cost = 0.01});
  EXPECT_EQ(seam.crossed, 0);
  for (std::int64_t y = 0; y < kHeight; ++y) EXPECT_EQ(seam.x[static_cast<std::size_t>(y)], 2 + y);
}

TEST(Seam, StaysNearItsPlace) {
  std::vector<float> ink = filled(1);
  for (std::int64_t y = 0; y < kHeight; ++y) at(ink, 9, y) = 0;
  const Seam near = cheapest_seam(ink, kHeight, kWidth, 5, {.stray = 2, .stray_cost = 0});
  for (const int x : near.x) {
    EXPECT_GE(x, 3);
    EXPECT_LE(x, 7);
  }
  EXPECT_EQ(near.crossed, kHeight);
  const Seam dear = cheapest_seam(ink, kHeight, kWidth, 5, {.stray = 5, .stray_cost = 1});
  EXPECT_EQ(dear.x, std::vector<int>(static_cast<std::size_t>(kHeight), 5)) << "straying costs";
  EXPECT_EQ(cheapest_seam(ink, kHeight, kWidth, 0, {}).x.size(), 8u) << "at the edge";
}

TEST(KeepBetween, SetsTheRestToZero) {
  std::vector<float> ink = filled(1);
  const Seam left{.x = std::vector<int>(8, 3), .crossed = 0};
  const Seam right{.x = std::vector<int>(8, 7), .crossed = 0};
  keep_between(ink, kWidth, &left, &right);
  EXPECT_EQ(std::accumulate(ink.begin(), ink.end(), 0.0F), 4 * kHeight);
  EXPECT_EQ(at(ink, 2, 0), 0);
  EXPECT_EQ(at(ink, 3, 0), 1);
  keep_between(ink, kWidth, &right, &left);
  EXPECT_EQ(std::ranges::max(ink), 0) << "nothing is between crossed cuts";
}

TEST(EraseCrumbs, KeepsLargePartsAndTheirFaintEdges) {
  std::vector<float> ink = filled(0);
  for (std::int64_t y = 0; y < kHeight; ++y)
    for (std::int64_t x = 0; x < 5; ++x) at(ink, x, y) = 1;
  at(ink, 5, 0) = 0.2F;
  at(ink, 10, 4) = 1;
  at(ink, 11, 4) = 0.2F;
  std::vector<float> cleaned = ink;
  erase_crumbs(cleaned, kHeight, kWidth, 0.08, 0.3F);
  EXPECT_EQ(at(cleaned, 10, 4), 0);
  EXPECT_EQ(at(cleaned, 11, 4), 0) << "with the crumb";
  EXPECT_EQ(at(cleaned, 5, 0), 0.2F);
  EXPECT_EQ(at(cleaned, 4, 4), 1);
  cleaned = ink;
  erase_crumbs(cleaned, kHeight, kWidth, 0.01, 0.3F);
  EXPECT_EQ(cleaned, ink) << "none is so small";
}

}  // namespace
}  // namespace digitry::test
