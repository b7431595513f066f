#include "digitry/evaluation/robustness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/networks.h"
#include "tests/support/thread_ranks.h"

namespace digitry {
namespace {

using ::testing::ElementsAre;

const std::vector<Corruption> kTwo{Corruption::kFog, Corruption::kTranslate};

Robustness judged_blobs(std::uint64_t seed, const ProgressSink& progress = {}) {
  const Dataset data = test::blobs(90);
  const Network network =
      test::random_network(data.image_shape(), 3, {test::flatten(), test::dense(3)});
  Predictor predictor(network, {});
  return evaluate_robustness(test::logits_by(predictor), data.images, data.labels, data.class_names,
                             kTwo, seed, progress);
}

TEST(Robustness, JudgesTheImagesAsTheyAreAndUnderEachCorruption) {
  const Dataset data = test::blobs(90);
  const Network network =
      test::random_network(data.image_shape(), 3, {test::flatten(), test::dense(3)});
  Predictor predictor(network, {});
  const Robustness robustness = judged_blobs(5);
  EXPECT_EQ(robustness.num_images, 90);
  EXPECT_EQ(robustness.seed, 5U);
  const Evaluation clean =
      evaluate_logits(predictor.logits(data.images), data.labels, data.class_names);
  EXPECT_EQ(robustness.clean.num_correct, clean.num_correct);
  EXPECT_EQ(robustness.clean.accuracy_95.low, clean.accuracy_95.low);
  ASSERT_EQ(robustness.corrupted.size(), 2U);
  double sum = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const Evaluation under = evaluate_logits(
        predictor.logits(corrupt_images(data.images, kTwo[i], 5)), data.labels, data.class_names);
    EXPECT_EQ(robustness.corrupted[i].corruption, kTwo[i]);
    EXPECT_EQ(robustness.corrupted[i].score.num_correct, under.num_correct);
    EXPECT_EQ(robustness.corrupted[i].score.accuracy, under.accuracy);
    sum += under.accuracy;
  }
  EXPECT_DOUBLE_EQ(robustness.mean_accuracy, sum / 2);
}

TEST(Robustness, TellsHowFarItHasCome) {
  std::vector<std::string> told;
  judged_blobs(5, [&](std::string_view what, std::uint64_t done, std::uint64_t total) {
    told.push_back(std::string(what) + " " + std::to_string(done) + "/" + std::to_string(total));
  });
  EXPECT_THAT(told, ElementsAre("fog 0/2", "translate 1/2"));
}

TEST(Robustness, IsSharedByRanks) {
  const Dataset data = test::blobs(90);
  const Network network =
      test::random_network(data.image_shape(), 3, {test::flatten(), test::dense(3)});
  const std::string alone = to_json(judged_blobs(5));
  for (const int size : {2, 5}) {
    std::vector<int> evaluations(static_cast<std::size_t>(size));
    test::run_ranks(size, [&](Communicator& ranks) {
      Predictor predictor(network, {});
      const LogitsOf logits_of = test::logits_by(predictor);
      const auto counted = [&](const Tensor& images, std::span<const std::int32_t> indices) {
        ++evaluations[static_cast<std::size_t>(ranks.rank())];
        return logits_of(images, indices);
      };
      const Robustness shared = evaluate_robustness(counted, data.images, data.labels,
                                                    data.class_names, kTwo, 5, {}, ranks);
      EXPECT_EQ(to_json(shared), alone);
    });
    EXPECT_EQ(evaluations, (size == 2 ? std::vector<int>{2, 1} : std::vector<int>{1, 1, 1, 0, 0}));
  }
  // What one rank throws, all throw.
  test::run_ranks(2, [&](Communicator& ranks) {
    Predictor predictor(network, {});
    test::expect_error(ErrorCode::kInterrupted, {"rank 1 on host1: enough"}, [&] {
      evaluate_robustness(
          test::logits_by(predictor), data.images, data.labels, data.class_names, kTwo, 5,
          [](std::string_view name, auto /*done*/, auto /*total*/) {
            if (name == "fog") throw Error(ErrorCode::kInterrupted, std::string("enough"));
          },
          ranks);
    });
  });
}

TEST(Robustness, IsWrittenAsJson) {
  const Robustness robustness = judged_blobs(5);
  const auto json = nlohmann::json::parse(to_json(robustness));
  EXPECT_EQ(json["num_images"], 90);
  EXPECT_EQ(json["seed"], 5);
  EXPECT_EQ(json["mean_accuracy"], robustness.mean_accuracy);
  EXPECT_EQ(json["clean"]["num_correct"], robustness.clean.num_correct);
  ASSERT_EQ(json["corrupted"].size(), 2U);
  EXPECT_EQ(json["corrupted"][0]["corruption"], "fog");
  EXPECT_EQ(json["corrupted"][1]["accuracy"], robustness.corrupted[1].score.accuracy);
  EXPECT_EQ(json["corrupted"][1]["accuracy_95"][1], robustness.corrupted[1].score.accuracy_95.high);
}

}  // namespace
}  // namespace digitry
