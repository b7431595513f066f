#include "digitry/model_io/classifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include "digitry/base/parallel.h"
#include "digitry/model_io/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/near.h"
#include "tests/support/temporary_folder.h"

// What a classifier answers for models of one network, several networks, and views.

namespace digitry {
namespace {

// Probabilities [N][classes]: the softmax of the logits.
std::vector<std::vector<double>> probabilities_of(const Tensor& logits, double temperature) {
  std::vector<std::vector<double>> all;
  const std::int64_t classes = logits.shape()[1];
  for (std::int64_t row = 0; row < logits.shape()[0]; ++row) {
    std::vector<double> probabilities;
    double sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) {
      const double logit = logits.as<float>()[static_cast<std::size_t>(row * classes + c)];
      probabilities.push_back(std::exp(logit / temperature));
      sum += probabilities.back();
    }
    for (double& probability : probabilities) probability /= sum;
    all.push_back(probabilities);
  }
  return all;
}

void expect_mean(const Tensor& got, const std::vector<std::vector<std::vector<double>>>& parts) {
  const auto mean = probabilities_of(got, 1);
  for (std::size_t row = 0; row < mean.size(); ++row)
    for (std::size_t c = 0; c < mean[row].size(); ++c) {
      double want = 0;
      for (const auto& part : parts) want += part[row][c] / static_cast<double>(parts.size());
      EXPECT_NEAR(mean[row][c], want, 1e-5) << row << ", " << c;
    }
}

TEST(Classifier, OfOneNetworkGivesItsLogits) {
  const Model model = test::small_model();
  const Tensor images = test::ten_images(model);
  const Tensor want = Predictor(model.members.front().network, model.preprocessing).logits(images);
  test::expect_near(Classifier(model).logits(images).as<float>(), want.as<float>(), 1e-6, 1e-6);
}

TEST(Classifier, OfSeveralGivesTheMeanOfTheirProbabilitiesEachAtItsTemperature) {
  const Model model = test::three_networks();
  EXPECT_EQ(model.temperature, 1);
  const Tensor images = test::ten_images(model);
  expect_mean(Classifier(model).logits(images),
              {probabilities_of(test::logits_of(test::small_model(1)), 1.3),
               probabilities_of(test::logits_of(test::small_model(2)), 1.3),
               probabilities_of(test::logits_of(test::small_model(3)), 0.5)});
}

TEST(Classifier, LooksAtEachView) {
  Model model = test::small_model();
  const Tensor images = test::ten_images(model);
  std::vector<std::vector<std::vector<double>>> parts;
  const TestTimeAugmentation views{.translation = 1, .rotation = 20};
  for (std::int64_t view = 0; view < num_views(views); ++view)
    parts.push_back(probabilities_of(Classifier(model).logits(view_of(images, views, view)), 1));
  ASSERT_EQ(parts.size(), 7u);
  model.tta = views;
  expect_mean(Classifier(model).logits(images), parts);
}

TEST(Classifier, TakesPixelsAsNumbersToo) {
  Model model = test::three_networks();
  const Tensor images = test::ten_images(model);
  Tensor numbers(images.shape(), DType::kF32);
  std::ranges::copy(images.as<std::uint8_t>(), numbers.as<float>().begin());
  for (const TestTimeAugmentation& views :
       {TestTimeAugmentation{}, TestTimeAugmentation{.translation = 1, .rotation = 20}}) {
    model.tta = views;
    const Tensor got = Classifier(model).logits(numbers);
    test::expect_near(got.as<float>(), Classifier(model).logits(images).as<float>(), 1e-5, 1e-5);
  }
}

TEST(Classifier, TakesTheImagesAsked) {
  const Model model = test::three_networks();
  const Tensor images = test::ten_images(model);
  const Classifier classifier(model, {.max_batch_size = 4});
  const Tensor all = classifier.logits(images);
  const std::vector<std::int32_t> asked{7, 0, 7};
  const Tensor some = classifier.logits(images, asked);
  for (std::size_t i = 0; i < asked.size(); ++i)
    test::expect_near(some.as<float>().subspan(3 * i, 3),
                      all.as<float>().subspan(3 * static_cast<std::size_t>(asked[i]), 3), 1e-6, 0);
  EXPECT_EQ(classifier.logits(images, {}).shape(), (Shape{0, 3}));
}

TEST(Classifier, HasFiniteLogitsWhereNetworksAreSureOfOneClass) {
  std::vector<Model> models;
  models.push_back(test::small_model(1));
  models.push_back(test::small_model(2));
  for (Model& model : models) model.temperature = 0.001F;
  const Model sure = combine(std::move(models), {"a", "b"});
  const Tensor logits = test::logits_of(sure);
  for (const float logit : logits.as<float>()) EXPECT_TRUE(std::isfinite(logit));
}

// Plans are for 1, 8, 32, 128 and the maximum number of images; a batch may be half empty.
TEST(Classifier, AnswersAlikeHoweverManyAreAskedAbout) {
  for (const Model& model : {test::small_model(), test::three_networks()}) {
    const Tensor images = test::random_images(model, 150);
    const Classifier classifier(model, {.max_batch_size = 140});
    const Classifier one_by_one(model, {.max_batch_size = 1});
    const Tensor want = one_by_one.logits(images);
    for (const std::int64_t count : {0, 1, 2, 4, 5, 8, 9, 17, 33, 64, 65, 128, 139, 140, 150}) {
      std::vector<std::int32_t> first(static_cast<std::size_t>(count));
      std::iota(first.begin(), first.end(), 0);
      const Tensor got = classifier.logits(images, first);
      ASSERT_EQ(got.shape()[0], count);
      test::expect_near(got.as<float>(),
                        want.as<float>().first(static_cast<std::size_t>(got.num_elements())), 1e-5,
                        1e-5);
    }
  }
}

// With 800 images three threads share batches of 128, with 150 batches of 32.
TEST(Classifier, AnswersAlikeHoweverManyThreadsShareTheImages) {
  const Model model = test::three_networks();
  const Tensor images = test::random_images(model, 800);
  std::vector<std::int32_t> reversed(800);
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  const Classifier one_by_one(model, {.max_batch_size = 1});
  const Tensor want = one_by_one.logits(images, reversed);
  const Tensor want_features = one_by_one.features(images, reversed);
  const std::vector<double> want_scores = one_by_one.in_distribution_scores(images);
  for (const int threads : {1, 2, 3}) {
    const ScopedNumThreads scope(threads);
    const Classifier classifier(model);
    test::expect_near(classifier.logits(images, reversed).as<float>(), want.as<float>(), 1e-5,
                      1e-5);
    test::expect_near(classifier.features(images, reversed).as<float>(), want_features.as<float>(),
                      1e-5, 1e-5);
    const std::vector<double> scores = classifier.in_distribution_scores(images);
    for (std::size_t i = 0; i < scores.size(); ++i)
      EXPECT_NEAR(scores[i], want_scores[i], 1e-5) << i;
    const Tensor some = classifier.logits(images, std::span(reversed).first(150));
    test::expect_near(some.as<float>(), want.as<float>().first(some.as<float>().size()), 1e-5,
                      1e-5);
  }
}

// A plan is made by the thread that needs it first.
TEST(Classifier, FailsOnTheCallingThread) {
  if (fastest_precision() == Precision::kBFloat16) GTEST_SKIP() << "this processor has bfloat16";
  const Model model = test::small_model();
  const ScopedNumThreads scope(2);
  const Classifier classifier(model, {.precision = Precision::kBFloat16});
  const Tensor images = test::random_images(model, 150);
  test::expect_error(ErrorCode::kInvalidArgument, {"bf16"}, [&] { classifier.logits(images); });
}

TEST(Classifier, AnswersSeveralThreadsAtOnce) {
  const Model model = test::three_networks();
  const Tensor images = test::random_images(model, 40);
  const Classifier classifier(model);
  const Tensor want = classifier.logits(images);
  const std::vector<double> want_scores = classifier.in_distribution_scores(images);
  const Tensor want_features = classifier.features(images);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int turn = 0; turn < 5; ++turn) {
        test::expect_near(classifier.logits(images).as<float>(), want.as<float>(), 1e-5, 1e-5);
        EXPECT_EQ(classifier.in_distribution_scores(images).size(), want_scores.size());
        test::expect_near(classifier.features(images).as<float>(), want_features.as<float>(), 1e-5,
                          1e-5);
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Classifier, HasTheFeaturesOfItsFirstNetwork) {
  std::vector<Model> models;
  for (const std::uint64_t seed : {1, 2}) models.push_back(test::small_model(seed));
  const Network first = models.front().members.front().network.clone();
  const Classifier classifier(combine(std::move(models), {"a", "b"}));
  const Tensor images = test::random_images(classifier.model(), 40);
  std::vector<std::int32_t> all(40);
  std::iota(all.begin(), all.end(), 0);
  const Tensor want =
      FeatureExtractor(first, classifier.model().preprocessing).features(images, all);
  const Tensor features = classifier.features(images);
  EXPECT_EQ(features.shape(), want.shape());
  test::expect_near(features.as<float>(), want.as<float>(), 1e-5, 1e-5);
  const std::vector<std::int32_t> two{7, 3};
  const auto width = static_cast<std::size_t>(features.shape()[1]);
  const Tensor some = classifier.features(images, two);
  for (std::size_t i = 0; i < two.size(); ++i)
    test::expect_near(some.as<float>().subspan(i * width, width),
                      features.as<float>().subspan(static_cast<std::size_t>(two[i]) * width, width),
                      1e-5, 1e-5);
  test::expect_error(ErrorCode::kShapeMismatch, {"expected images of shape"}, [&] {
    classifier.features(Tensor({1, 2, 3, 3}, DType::kU8));
  });
}

TEST(Classifier, KeepsAModelOfItsOwn) {
  auto model = std::make_unique<Model>(test::small_model());
  const Tensor images = test::ten_images(*model);
  Classifier classifier(*model);
  const Tensor before = classifier.logits(images);
  model.reset();
  EXPECT_TRUE(test::same_bits(classifier.logits(images).as<float>(), before.as<float>()));
  const Classifier moved = std::move(classifier);
  EXPECT_TRUE(test::same_bits(moved.logits(images).as<float>(), before.as<float>()));
}

TEST(Classifier, ClassifiesByCalibratedProbabilities) {
  Model model = test::small_model();
  model.temperature = 2;
  const Tensor images = test::ten_images(model);
  const auto want = probabilities_of(Classifier(model).logits(images), 2);
  const std::vector<Prediction> predictions = Classifier(model).classify(images);
  ASSERT_EQ(predictions.size(), 10U);
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const Prediction& prediction = predictions[i];
    const auto likeliest = std::ranges::max_element(want[i]) - want[i].begin();
    EXPECT_EQ(prediction.label, likeliest);
    EXPECT_NEAR(prediction.probability, want[i][static_cast<std::size_t>(likeliest)], 1e-6);
    for (std::size_t c = 0; c < want[i].size(); ++c)
      EXPECT_NEAR(prediction.probabilities[c], want[i][c], 1e-6);
    EXPECT_FALSE(prediction.rejected);
  }
}

TEST(Classifier, RefusesImpossibleBatchSizes) {
  for (const std::int64_t size : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{65537}})
    test::expect_error(ErrorCode::kInvalidArgument, {"max_batch_size", "1 to 65536"}, [&] {
      const Classifier classifier(test::small_model(), {.max_batch_size = size});
    });
}

TEST(Classifier, RefusesImagesOfAnotherShape) {
  Classifier classifier(test::three_networks());
  test::expect_error(ErrorCode::kShapeMismatch, {"[1,4,4]", "[1,5,4]"}, [&] {
    classifier.logits(Tensor({2, 1, 5, 4}, DType::kU8));
  });
}

}  // namespace
}  // namespace digitry
