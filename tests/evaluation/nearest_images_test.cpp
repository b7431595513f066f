#include "digitry/evaluation/nearest_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/support/errors.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

namespace digitry::test {
namespace {

Dataset random_digits(std::int64_t count) {
  Dataset data;
  data.images = Tensor({count, 1, 4, 4}, DType::kU8);
  std::ranges::copy(random_pixels(data.images.num_elements(), 3),
                    data.images.as<std::uint8_t>().begin());
  data.labels = random_labels(count, 3, 4);
  data.class_names = {"0", "1", "2"};
  return data;
}

/// The definition in the header, image by image.
std::vector<Neighbour> by_sorting(const Tensor& features, std::size_t query, const Dataset& data,
                                  const std::vector<std::int32_t>& among) {
  const auto size = static_cast<std::size_t>(features.shape()[1]);
  std::vector<Neighbour> all;
  for (const std::int32_t i : among) {
    double sum = 0;
    for (std::size_t f = 0; f < size; ++f) {
      const double d = double{features.as<float>()[query * size + f]} -
                       double{features.as<float>()[static_cast<std::size_t>(i) * size + f]};
      sum += d * d;
    }
    all.push_back({i, data.labels[static_cast<std::size_t>(i)], std::sqrt(sum)});
  }
  std::ranges::stable_sort(all, {}, &Neighbour::distance);
  return all;
}

TEST(NearestImages, AreThoseThatSortingFinds) {
  // More than one block of them.
  const Dataset data = random_digits(9000);
  FeatureExtractor hidden(random_network({1, 4, 4}, 3, {flatten(), dense(12), relu(), dense(3)}),
                          {});
  std::vector<std::int32_t> all(9000), odd;
  std::iota(all.begin(), all.end(), 0);
  std::ranges::copy_if(all, std::back_inserter(odd), [](std::int32_t i) { return i % 2 == 1; });
  const Tensor features = hidden.features(data.images, all);
  const std::vector<std::int32_t> asked{0, 17, 8999};
  const auto lists = nearest_images(hidden, hidden.features(data.images, asked), data, odd, 6);
  ASSERT_EQ(lists.size(), asked.size());
  for (std::size_t q = 0; q < asked.size(); ++q) {
    const auto want = by_sorting(features, static_cast<std::size_t>(asked[q]), data, odd);
    ASSERT_EQ(lists[q].size(), 6u);
    for (std::size_t i = 0; i < 6; ++i) {
      EXPECT_EQ(lists[q][i].image_index, want[i].image_index) << q << ", " << i;
      EXPECT_EQ(lists[q][i].label, want[i].label);
      EXPECT_NEAR(lists[q][i].distance, want[i].distance, 1e-4);
    }
  }
  EXPECT_EQ(lists[1][0].image_index, 17) << "the image itself is among them";
  EXPECT_EQ(lists[1][0].distance, 0);
}

TEST(NearestImages, OfEqualOnesTheFirstAndNeverMoreThanThereAre) {
  Dataset data = random_digits(5);
  std::ranges::fill(data.images.as<std::uint8_t>(), 7);
  FeatureExtractor hidden(random_network({1, 4, 4}, 3, {flatten(), dense(3)}), {});
  const std::vector<std::int32_t> among{4, 1, 3};
  const Tensor query = hidden.features(data.images, std::vector<std::int32_t>{0});
  const auto two = nearest_images(hidden, query, data, among, 2);
  ASSERT_EQ(two[0].size(), 2u);
  EXPECT_EQ(two[0][0].image_index, 4);
  EXPECT_EQ(two[0][1].image_index, 1);
  EXPECT_EQ(nearest_images(hidden, query, data, among, 1'000'000'000)[0].size(), 3u);
  EXPECT_TRUE(nearest_images(hidden, query, data, among, 0)[0].empty());
  EXPECT_TRUE(nearest_images(hidden, query, data, {}, 3)[0].empty());
}

TEST(NearestImages, RefuseQueriesOfAnotherLayerAndImagesWithoutLabels) {
  Dataset data = random_digits(5);
  FeatureExtractor hidden(random_network({1, 4, 4}, 3, {flatten(), dense(3)}), {});
  const std::vector<std::int32_t> among{0};
  expect_error(ErrorCode::kShapeMismatch, {"[Q, 16]", "[2,15]"}, [&] {
    nearest_images(hidden, Tensor({2, 15}, DType::kF32), data, among, 1);
  });
  data.labels.clear();
  expect_error(ErrorCode::kShapeMismatch, {"0 labels"}, [&] {
    nearest_images(hidden, Tensor({2, 16}, DType::kF32), data, among, 1);
  });
}

}  // namespace
}  // namespace digitry::test
