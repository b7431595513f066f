#include "digitry/base/quantile.h"

#include <gtest/gtest.h>

namespace digitry {
namespace {

TEST(Median, IsTheUpperOfTwoInTheMiddle) {
  std::vector<int> odd{9, 1, 5};
  EXPECT_EQ(median(odd), 5);
  std::vector<int> even{9, 1, 5, 7};
  EXPECT_EQ(median(even), 7);
  std::vector<float> one{2.5F};
  EXPECT_EQ(median(one), 2.5F);
}

TEST(Quantile, IsTheValueAtItsShareOfTheWay) {
  std::vector<double> values{4, 0, 3, 1, 2};
  EXPECT_EQ(quantile(values, 0), 0);
  EXPECT_EQ(quantile(values, 0.5), 2);
  EXPECT_EQ(quantile(values, 0.74), 2);
  EXPECT_EQ(quantile(values, 0.75), 3);
  EXPECT_EQ(quantile(values, 1), 4);
}

}  // namespace
}  // namespace digitry
