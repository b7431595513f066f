#include "digitry/tuning/sampler.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"

namespace digitry::test {
namespace {

const SearchSpace& space() {
  static const SearchSpace made = parse_search_space(
      "[\"a.x\"]\nlow = 0.0\nhigh = 1.0\n[\"a.y\"]\nlow = 0.0\nhigh = 1.0\n"
      "[\"a.z\"]\nchoices = [\"bad\", \"good\", \"worse\", \"worst\"]",
      "space");
  return made;
}

// The best score is at x = 0.3, y = 0.8 and the second choice.
double score_of(const SearchPoint& point) {
  const double distance = std::hypot(point[0] - 0.3, point[1] - 0.8);
  return 1 - distance - (point[2] >= 0.25 && point[2] < 0.5 ? 0.0 : 0.3);
}

double best_of(const Sampler& sampler, int trials, std::uint64_t seed) {
  std::vector<TrialResult> results;
  double best = -10;
  for (int i = 0; i < trials; ++i) {
    RandomStream random(seed, RandomPurpose::kTuning, static_cast<std::uint32_t>(i));
    const SearchPoint point = sampler.next(results, random);
    for (const double coordinate : point) EXPECT_TRUE(coordinate >= 0 && coordinate < 1);
    results.push_back({.point = point, .epochs = 1, .score = score_of(point)});
    best = std::max(best, results.back().score);
  }
  return best;
}

TEST(Tpe, FindsBetterPointsThanChanceInAsManyTrials) {
  const auto tpe = make_sampler("tpe", space());
  const auto chance = make_sampler("random", space());
  double tpe_sum = 0;
  double chance_sum = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    tpe_sum += best_of(*tpe, 60, seed);
    chance_sum += best_of(*chance, 60, seed);
  }
  EXPECT_GT(tpe_sum / 10, chance_sum / 10 + 0.03);
  EXPECT_GT(tpe_sum / 10, 0.93);
}

TEST(Tpe, IsTheSameForTheSameResultsAndStream) {
  const auto tpe = make_sampler("tpe", space());
  std::vector<TrialResult> results;
  for (int i = 0; i < 20; ++i) {
    RandomStream one(3, RandomPurpose::kTuning, static_cast<std::uint32_t>(i));
    RandomStream two(3, RandomPurpose::kTuning, static_cast<std::uint32_t>(i));
    const SearchPoint point = tpe->next(results, one);
    EXPECT_EQ(point, tpe->next(results, two));
    results.push_back({.point = point, .epochs = 1, .score = score_of(point)});
  }
}

// A stopped trial may have a high score for its few epochs, but longer trials count as better.
TEST(Tpe, TrustsTrialsThatWentFurther) {
  const auto tpe = make_sampler("tpe", space());
  std::vector<TrialResult> results;
  for (int i = 0; i < 40; ++i) {
    const double x = (i + 0.5) / 40;
    results.push_back({.point = {x, 0.5, 0.3}, .epochs = x < 0.2 ? 9 : 1, .score = x});
  }
  double sum = 0;
  for (std::uint32_t i = 0; i < 50; ++i) {
    RandomStream random(1, RandomPurpose::kTuning, i);
    sum += tpe->next(results, random)[0];
  }
  EXPECT_LT(sum / 50, 0.35);
}

TEST(MakeSampler, KnowsTwo) {
  expect_error(ErrorCode::kInvalidArgument, {"tpe or random", "'grid'"},
               [] { make_sampler("grid", space()); });
}

}  // namespace
}  // namespace digitry::test
