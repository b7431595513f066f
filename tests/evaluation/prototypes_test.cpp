#include "digitry/evaluation/prototypes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "digitry/base/parallel.h"
#include "digitry/base/random.h"
#include "digitry/kernels/vectors.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"

namespace digitry {
namespace {

constexpr std::int64_t kWidth = 64;
constexpr std::int64_t kImages = 4000;

struct Labelled {
  Tensor features{{kImages, kWidth}, DType::kF32};
  std::vector<std::int32_t> labels;
};

// Features of two classes with four directions each and any length: direction d of class c has its
// largest value at index 4 c + d.
Labelled directions_of_two_classes() {
  Labelled all;
  RandomStream random(1, RandomPurpose::kTest);
  for (std::int64_t i = 0; i < kImages; ++i) {
    const std::int64_t place = random.next_below(8);
    auto row = all.features.as<float>().subspan(static_cast<std::size_t>(i * kWidth), kWidth);
    const float length = 0.1F + 10 * random.next_float();
    for (float& value : row) value = 0.02F * length * random.next_normal();
    row[static_cast<std::size_t>(place)] += length;
    all.labels.push_back(place < 4 ? 0 : 1);
  }
  return all;
}

TEST(Prototypes, StandForEveryDirectionOfTheirClass) {
  const Labelled data = directions_of_two_classes();
  const Tensor prototypes = fit_prototypes(data.features, data.labels, 2);
  ASSERT_EQ(prototypes.shape(), (Shape{2 * kPrototypesPerClass, kWidth}));
  std::vector<bool> found(8);
  for (std::int64_t i = 0; i < 2 * kPrototypesPerClass; ++i) {
    const auto row = prototypes.as<float>().subspan(static_cast<std::size_t>(i * kWidth), kWidth);
    EXPECT_NEAR(dot(row.data(), row.data(), kWidth), 1, 1e-5);
    const std::ptrdiff_t place = std::ranges::max_element(row) - row.begin();
    ASSERT_LT(place, 8);
    EXPECT_EQ(place / 4, i / kPrototypesPerClass) << "of the wrong class";
    EXPECT_GT(row[static_cast<std::size_t>(place)], 0.97F) << "between directions";
    found[static_cast<std::size_t>(place)] = true;
  }
  EXPECT_EQ(std::ranges::count(found, true), 8);
}

TEST(Prototypes, AreTheSameForAnyNumberOfThreads) {
  const Labelled data = directions_of_two_classes();
  const int before = num_threads();
  set_num_threads(1);
  const Tensor one = fit_prototypes(data.features, data.labels, 2);
  set_num_threads(3);
  const Tensor three = fit_prototypes(data.features, data.labels, 2);
  set_num_threads(before);
  EXPECT_TRUE(test::same_bits(one.as<float>(), three.as<float>()));
}

TEST(Prototypes, OfFewImagesAreTheImages) {
  Tensor features({3, 2}, DType::kF32);
  std::ranges::copy(std::vector<float>{2, 0, 0, 3, 0, 0}, features.as<float>().begin());
  const Tensor prototypes = fit_prototypes(features, std::vector<std::int32_t>{4, 1, 1}, 6);
  const std::vector<float> want{0, 1, 0, 0, 1, 0};
  EXPECT_TRUE(std::ranges::equal(prototypes.as<float>(), want));
}

// One prototype per class for features so wide that twenty would be larger than most networks.
TEST(Prototypes, OfWideFeaturesAreFew) {
  constexpr std::int64_t kWide = kPrototypeValues / 4;
  Tensor features({6, kWide}, DType::kF32);
  for (std::int64_t i = 0; i < 6; ++i)
    features.as<float>()[static_cast<std::size_t>(i * kWide + i % 3)] = 1;
  const Tensor prototypes =
      fit_prototypes(features, std::vector<std::int32_t>{0, 1, 2, 0, 1, 2}, 3);
  ASSERT_EQ(prototypes.shape(), (Shape{3, kWide}));
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(prototypes.as<float>()[i * static_cast<std::size_t>(kWide) + i], 1);
}

TEST(Prototypes, WantALabelForEachOfSomeFeatures) {
  const Tensor features({3, 2}, DType::kF32);
  test::expect_error(ErrorCode::kShapeMismatch, {"expected features [2, F], got [3,2]"}, [&] {
    fit_prototypes(features, std::vector<std::int32_t>{0, 1}, 2);
  });
  test::expect_error(ErrorCode::kShapeMismatch, {"got [0,2]"}, [&] {
    fit_prototypes(Tensor({0, 2}, DType::kF32), {}, 2);
  });
}

TEST(RefusalThreshold, LetsAHalfPercentBeRefused) {
  std::vector<double> scores(1000);
  std::iota(scores.begin(), scores.end(), 1.0);
  std::ranges::reverse(scores);
  const double threshold = fit_rejection_threshold(scores);
  EXPECT_EQ(std::ranges::count_if(scores, [&](double s) { return s < threshold; }), 5);
  EXPECT_EQ(fit_rejection_threshold({0.1, 0.2}), 0) << "too few to tell";
}

}  // namespace
}  // namespace digitry
