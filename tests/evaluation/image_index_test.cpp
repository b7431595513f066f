#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "digitry/evaluation/nearest_images.h"
#include "tests/support/errors.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

namespace digitry::test {
namespace {

std::shared_ptr<const Dataset> indexed_digits(std::int64_t count) {
  Dataset data;
  data.images = Tensor({count, 1, 4, 4}, DType::kU8);
  std::ranges::copy(random_pixels(data.images.num_elements(), 5),
                    data.images.as<std::uint8_t>().begin());
  data.labels = random_labels(count, 3, 4);
  data.class_names = {"0", "1", "2"};
  return std::make_shared<const Dataset>(std::move(data));
}

Model model_of(const Network& network) {
  return {.members = one_member(network.clone()),
          .preprocessing = {},
          .tta = {},
          .class_names = {"0", "1", "2"},
          .provenance = {}};
}

TEST(ImageIndex, FindsWhatASearchOfAllFinds) {
  const auto data = indexed_digits(1300);
  const Network network = random_network({1, 4, 4}, 3, {flatten(), dense(12), relu(), dense(3)});
  std::vector<std::int32_t> odd;
  for (std::int32_t i = 1; i < 1300; i += 2) odd.push_back(i);
  const Classifier classifier(model_of(network));
  const ImageIndex index(classifier, data, odd);
  EXPECT_EQ(index.num_images(), 650);
  FeatureExtractor hidden(network, {});
  for (const std::int32_t asked : {0, 17, 1299}) {
    const std::vector<std::int32_t> one{asked};
    const auto want =
        nearest_images(hidden, hidden.features(data->images, one), *data, odd, 6).front();
    const auto found = index.nearest(classifier.features(data->images, one).as<float>(), 6);
    ASSERT_EQ(found.size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) {
      EXPECT_EQ(found[i].image_index, want[i].image_index) << asked << ", " << i;
      EXPECT_EQ(found[i].label, want[i].label);
      EXPECT_NEAR(found[i].distance, want[i].distance, 1e-4);
    }
  }
}

TEST(ImageIndex, FindsNoMoreThanThereAre) {
  const auto data = indexed_digits(3);
  const Network network = random_network({1, 4, 4}, 3, {flatten(), dense(2), dense(3)});
  const Classifier classifier(model_of(network));
  const ImageIndex index(classifier, data, {2, 0});
  const Tensor features = classifier.features(data->images);
  EXPECT_EQ(index.nearest(features.as<float>().first(2), 5).size(), 2U);
  expect_error(ErrorCode::kShapeMismatch, {"expected 2 features", "got 3"},
               [&] { index.nearest(features.as<float>().first(3), 5); });
}

TEST(ImageIndex, IsGivenUpWhereItIsCancelled) {
  const auto data = indexed_digits(3);
  const Network network = random_network({1, 4, 4}, 3, {flatten(), dense(2), dense(3)});
  expect_error(ErrorCode::kInterrupted, {"cancelled"}, [&] {
    ImageIndex(Classifier(model_of(network)), data, {0, 1}, [] { return true; });
  });
}

}  // namespace
}  // namespace digitry::test
