#include <gtest/gtest.h>

#include "digitry/tuning/sampler.h"

namespace digitry::test {
namespace {

TEST(SuccessiveHalving, ComparesAtPowersOfItsFactor) {
  const SuccessiveHalving halving{.first_epochs = 2, .factor = 3};
  std::vector<std::int64_t> rungs;
  for (std::int64_t epoch = 1; epoch <= 60; ++epoch)
    if (halving.is_rung(epoch)) rungs.push_back(epoch);
  EXPECT_EQ(rungs, (std::vector<std::int64_t>{2, 6, 18, 54}));
}

TEST(SuccessiveHalving, LetsTheBestThirdGoOn) {
  const SuccessiveHalving halving;
  EXPECT_FALSE(halving.stops(0.1, {}));
  EXPECT_FALSE(halving.stops(0.1, {0.9})) << "too few to tell";
  EXPECT_TRUE(halving.stops(0.1, {0.9, 0.8}));
  EXPECT_FALSE(halving.stops(0.95, {0.9, 0.8}));
  EXPECT_FALSE(halving.stops(0.9, {0.9, 0.8})) << "equals are not better";
  // The best two of six.
  EXPECT_FALSE(halving.stops(0.85, {0.9, 0.8, 0.7, 0.6, 0.5}));
  EXPECT_TRUE(halving.stops(0.75, {0.9, 0.8, 0.7, 0.6, 0.5}));
}

}  // namespace
}  // namespace digitry::test
