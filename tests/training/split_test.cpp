#include "digitry/data/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/errors.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

constexpr std::int64_t kClasses = 7;

// Unequal classes; the last has no image.
std::vector<std::int32_t> some_labels() {
  auto labels = test::random_labels(2000, kClasses - 1, 1);
  for (std::int32_t& label : labels)
    if (label == 2) label = 0;
  return labels;
}

TEST(StratifiedSplit, SetsASharePerClassAsideAndLosesNothing) {
  const auto labels = some_labels();
  for (const double fraction : {0.0, 0.1, 1.0 / 3, 0.5, 0.9}) {
    const ValidationSplit split = stratified_split(labels, kClasses, fraction, 3);
    EXPECT_TRUE(std::ranges::is_sorted(split.train));
    EXPECT_TRUE(std::ranges::is_sorted(split.validation));
    std::vector<std::int32_t> all = split.train;
    all.insert(all.end(), split.validation.begin(), split.validation.end());
    std::ranges::sort(all);
    ASSERT_EQ(all.size(), labels.size());
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], static_cast<std::int32_t>(i));
    for (std::int32_t c = 0; c < kClasses; ++c) {
      const auto of_class = std::ranges::count(labels, c);
      const auto aside = std::ranges::count_if(split.validation, [&](std::int32_t i) {
        return labels[static_cast<std::size_t>(i)] == c;
      });
      EXPECT_EQ(aside, std::llround(static_cast<double>(of_class) * fraction)) << "class " << c;
    }
  }
}

TEST(StratifiedSplit, IsAFunctionOfTheSeed) {
  const auto labels = some_labels();
  const auto validation = [&](std::uint64_t seed) {
    return stratified_split(labels, kClasses, 0.2, seed).validation;
  };
  EXPECT_EQ(validation(1), validation(1));
  EXPECT_NE(validation(1), validation(2));
}

TEST(StratifiedSplit, RefusesFractionsThatLeaveNothing) {
  for (const double fraction : {-0.1, 0.91, std::nan("")})
    test::expect_error(ErrorCode::kInvalidArgument, {"validation", "[0, 0.9]"},
                       [&] { stratified_split(some_labels(), kClasses, fraction, 1); });
  test::expect_error(ErrorCode::kBadData, {"at least one image left for training"}, [] {
    stratified_split(std::vector<std::int32_t>{0, 1}, 2, 0.6, 1);
  });
}

}  // namespace
}  // namespace digitry
