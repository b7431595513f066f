#include "digitry/vision/digit_prediction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/values.h"

namespace digitry::test {
namespace {

// Two classes and one dense layer, all of whose weights are 0 but for one pixel's: class 0 if that
// pixel is dark.
Model one_pixel_model(std::size_t pixel) {
  Network network({1, 5, 5}, 2, {flatten(), dense(2)});
  Tensor weight({2, 25}, DType::kF32);
  weight.as<float>()[pixel] = 40;
  Tensor bias({2}, DType::kF32);
  bias.as<float>()[1] = 20;
  std::vector<Parameter> parameters;
  parameters.push_back({"1.weight", std::move(weight)});
  parameters.push_back({"1.bias", std::move(bias)});
  network.set_parameters(std::move(parameters));
  return {.members = one_member(std::move(network)),
          .preprocessing = {},
          .tta = {},
          .class_names = {"dark", "light"},
          .provenance = {},
          .temperature = 1,
          .rejection_threshold = 0};
}

TEST(PredictDigits, ProbabilitiesAreThoseOfTheImagesThemselves) {
  const Model model = small_model();
  const Tensor images = random_images(model, 7);
  const Classifier classifier(model);
  const std::vector<DigitPrediction> got = predict_digits(classifier, images);
  const std::vector<Prediction> want = classifier.classify(images);
  ASSERT_EQ(got.size(), 7u);
  for (std::size_t i = 0; i < 7; ++i) {
    // Sums of another batch size may be rounded differently.
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(static_cast<double>(got[i].probabilities[c]), want[i].probabilities[c], 1e-5);
    EXPECT_EQ(got[i].in_distribution_score, want[i].in_distribution_score);
    EXPECT_EQ(got[i].rejected, want[i].rejected);
    EXPECT_GE(got[i].score, 0);
    EXPECT_LE(got[i].score, 1);
  }
}

TEST(PredictDigits, RejectsByTheThresholdOfTheModel) {
  Model model = small_model();
  model.members[0].prototypes = Tensor({1, 5}, DType::kF32);
  std::ranges::fill(model.members[0].prototypes.as<float>(), 1.0F);
  const Tensor images = random_images(model, 5);
  for (const float threshold : {0.0F, 1.0F}) {
    model.rejection_threshold = threshold;
    for (const DigitPrediction& prediction : predict_digits(Classifier(model), images))
      EXPECT_EQ(prediction.rejected,
                prediction.in_distribution_score < static_cast<double>(threshold));
  }
}

// Every deformation keeps the middle in its place, and an empty image as it is.
TEST(PredictDigits, TheScoreIsHighIfDeformationsKeepTheClass) {
  const Classifier classifier(one_pixel_model(12));
  Tensor images({2, 1, 5, 5}, DType::kU8);
  images.as<std::uint8_t>()[12] = 255;
  for (const DigitPrediction& prediction : predict_digits(classifier, images))
    EXPECT_NEAR(prediction.score, 1, 1e-6);
}

// Most deformations move ink in a corner, or make it fainter.
TEST(PredictDigits, TheScoreIsLowerIfDeformationsChangeTheClass) {
  Tensor images({1, 1, 5, 5}, DType::kU8);
  images.as<std::uint8_t>()[0] = 255;
  EXPECT_LT(predict_digits(Classifier(one_pixel_model(0)), images)[0].score, 0.9);
}

TEST(PredictDigits, ImagesOfAnotherShapeAreAnError) {
  const Classifier classifier(small_model());
  expect_error(ErrorCode::kShapeMismatch, {"[1,4,4]", "[1,4,5]"}, [&] {
    predict_digits(classifier, Tensor({1, 1, 4, 5}, DType::kU8));
  });
  expect_error(ErrorCode::kShapeMismatch, {"[N,C,H,W]", "[4,4]"}, [&] {
    predict_digits(classifier, Tensor({4, 4}, DType::kU8));
  });
}

TEST(DigitLogOdds, AddTheSimilarityAboveTheThreshold) {
  EXPECT_NEAR(digit_log_odds(0.5, 0.8, 0.8), 0, 1e-12);
  EXPECT_NEAR(digit_log_odds(0.5, 0.9, 0.8), 2, 1e-12);
  EXPECT_NEAR(digit_log_odds(0.9, 0.75, 0.8), std::log(9) - 1, 1e-12);
  EXPECT_NEAR(digit_log_odds(0.9, 0.1, 0.8), std::log(9) - 2, 1e-12) << "at most 0.1 below";
  EXPECT_NEAR(digit_log_odds(0.9, 1, 0), std::log(9), 1e-12) << "no prototypes";
  EXPECT_TRUE(std::isfinite(digit_log_odds(0, 0, 0.8)));
  EXPECT_TRUE(std::isfinite(digit_log_odds(1, 1, 0.8)));
}

TEST(AddInDistributionScore, RejectsByBoth) {
  const auto rejected = [](double reader_score, double similar) {
    DigitPrediction prediction{
        .probabilities = {}, .score = reader_score, .reader_score = reader_score};
    add_in_distribution_score(similar, 0.8, prediction);
    EXPECT_EQ(prediction.in_distribution_score, similar);
    EXPECT_GE(prediction.score, reader_score);
    return prediction.rejected;
  };
  EXPECT_FALSE(rejected(0.95, 0.6));
  EXPECT_TRUE(rejected(0.7, 0.6));
  EXPECT_FALSE(rejected(0.1, 0.95));
  EXPECT_TRUE(rejected(0.001, 0.95));
  EXPECT_TRUE(rejected(0.99, 0)) << "blank";
}

}  // namespace
}  // namespace digitry::test
