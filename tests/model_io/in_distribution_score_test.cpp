#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "digitry/model_io/classifier.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"

namespace digitry {
namespace {

// A network without a hidden layer, whose features are the pixels.
Model sees_pixels(std::vector<float> prototypes) {
  Model model = test::small_model();
  model.members = one_member(test::random_network({1, 2, 2}, 3, {test::flatten(), test::dense(3)}));
  model.preprocessing = {.pixel_scale = 1, .pixel_offset = 0};
  Tensor rows({std::ssize(prototypes) / 4, 4}, DType::kF32);
  std::ranges::copy(prototypes, rows.as<float>().begin());
  model.members.front().prototypes = std::move(rows);
  return model;
}

Tensor images_of(const std::vector<std::uint8_t>& pixels) {
  Tensor images({std::ssize(pixels) / 4, 1, 2, 2}, DType::kU8);
  std::ranges::copy(pixels, images.as<std::uint8_t>().begin());
  return images;
}

TEST(InDistributionScore, IsTheCosineToTheNearestPrototype) {
  const Classifier classifier(sees_pixels({5, 0, 0, 0, 0, 2, 2, 0, -1, -1, -1, -1}));
  const std::vector<double> scores = classifier.in_distribution_scores(images_of({
      200, 0,  0,  0,    // as the first, at any length
      0,   90, 0,  0,    // 45° from the second
      30,  40, 0,  0,    // nearer to the first: 0.6, than to the second: 4 / (5 √2)
      0,   0,  0,  100,  // at right angles to both, against the third
      0,   0,  0,  0,    // no direction at all
      90,  80, 80, 80,   // blank: less than 16 between its pixels
  }));
  ASSERT_EQ(scores.size(), 6u);
  EXPECT_NEAR(scores[0], 1, 1e-6);
  EXPECT_NEAR(scores[1], std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(scores[2], 0.6, 1e-6);
  EXPECT_EQ(scores[3], 0);
  EXPECT_EQ(scores[4], 0);
  EXPECT_EQ(scores[5], 0);
}

TEST(InDistributionScore, OfManyImagesIsThatOfEach) {
  const Model model = sees_pixels({5, 0, 0, 0, 0, 2, 2, 0});
  const Tensor images = test::random_images(model, 45);
  const Classifier classifier(model);
  const std::vector<double> scores = classifier.in_distribution_scores(images);
  ASSERT_EQ(scores.size(), 45U);
  for (std::int32_t i = 0; i < 45; ++i)
    EXPECT_NEAR(scores[static_cast<std::size_t>(i)],
                classifier.in_distribution_scores(images.take(std::vector{i}))[0], 1e-6)
        << i;
}

TEST(InDistributionScore, OfSeveralNetworksIsTheirMean) {
  Model model = sees_pixels({1, 0, 0, 0});
  Model other = sees_pixels({0, 1, 0, 0});
  model.members.push_back(std::move(other.members.front()));
  EXPECT_NEAR(Classifier(model).in_distribution_scores(images_of({30, 40, 0, 0}))[0], 0.7, 1e-6);
}

TEST(InDistributionScore, IsFullWhereANetworkHasNoPrototypes) {
  Model model = sees_pixels({1, 0, 0, 0});
  model.members.push_back(std::move(sees_pixels({1, 0, 0, 0}).members.front()));
  model.members.back().prototypes = {};
  EXPECT_EQ(Classifier(model).in_distribution_scores(images_of({0, 0, 0, 100})),
            std::vector<double>{1});
}

TEST(InDistributionScore, ImagesOfAnotherSizeAreRefused) {
  const Classifier classifier(sees_pixels({1, 0, 0, 0}));
  test::expect_error(ErrorCode::kShapeMismatch, {"expected images of shape [1,2,2]"}, [&] {
    classifier.in_distribution_scores(Tensor({1, 1, 2, 3}, DType::kU8));
  });
}

TEST(Classifier, RejectsWhatScoresBelowTheThreshold) {
  Model model = sees_pixels({1, 0, 0, 0});
  model.rejection_threshold = 0.5F;
  const std::vector<Prediction> predictions =
      Classifier(model).classify(images_of({40, 30, 0, 0, 30, 40, 40, 40}));
  EXPECT_NEAR(predictions[0].in_distribution_score, 0.8, 1e-6);
  EXPECT_FALSE(predictions[0].rejected);
  EXPECT_TRUE(predictions[1].rejected);
}

TEST(Classifier, RejectsBlankImagesWithoutAThreshold) {
  Model model = sees_pixels({1, 0, 0, 0});
  model.members.front().prototypes = {};
  model.rejection_threshold = 0;
  const std::vector<Prediction> predictions =
      Classifier(model).classify(images_of({40, 30, 0, 0, 9, 9, 9, 9}));
  EXPECT_FALSE(predictions[0].rejected);
  EXPECT_TRUE(predictions[1].rejected);
}

}  // namespace
}  // namespace digitry
