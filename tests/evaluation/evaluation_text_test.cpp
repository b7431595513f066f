#include "digitry/evaluation/evaluation_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace digitry {
namespace {

using ::testing::HasSubstr;

Evaluation three_images(const std::vector<std::string>& class_names) {
  Tensor logits({3, 2}, DType::kF32);
  logits.as<float>()[0] = 1;
  logits.as<float>()[2] = 2;
  logits.as<float>()[5] = 3;
  return evaluate_logits(logits, std::vector<std::int32_t>{0, 1, 1}, class_names);
}

TEST(MetricsJson, HoldsEveryFigure) {
  const Evaluation e = three_images({"cat", "dog"});
  const auto json = nlohmann::json::parse(to_json(e));
  EXPECT_EQ(json["num_images"], 3);
  EXPECT_EQ(json["num_correct"], 2);
  EXPECT_EQ(json["accuracy"], e.accuracy);
  EXPECT_EQ(json["accuracy_95"][0], e.accuracy_95.low);
  EXPECT_EQ(json["accuracy_95"][1], e.accuracy_95.high);
  EXPECT_EQ(json["loss"], e.loss);
  EXPECT_EQ(json["expected_calibration_error"], e.calibration.expected_calibration_error);
  EXPECT_EQ(json["brier_score"], e.calibration.brier_score);
  EXPECT_EQ(json["temperature"], 1);
  EXPECT_EQ(json["uncalibrated"]["loss"], e.loss);
  ASSERT_EQ(json["reliability"].size(), 15u);
  EXPECT_EQ(json["reliability"][14]["num_images"], e.calibration.bins[14].num_images);
  EXPECT_EQ(json["reliability"][14]["high"], 1);
  EXPECT_EQ(json["per_class"][1]["class"], "dog");
  EXPECT_EQ(json["per_class"][1]["recall"], 0.5);
  EXPECT_EQ(json["per_class"][0]["precision"], 0.5);
  EXPECT_EQ(json["per_class"][0]["f1"], e.per_class[0].f1);
  EXPECT_EQ(json["per_class"][1]["support"], 2);
  EXPECT_EQ(json["confusion"], nlohmann::json({{1, 0}, {1, 1}}));
  EXPECT_EQ(json["most_confused"], nlohmann::json::array({{{"label", 1},
                                                           {"predicted", 0},
                                                           {"count", 1},
                                                           {"label_name", "dog"},
                                                           {"predicted_name", "cat"}}}));
  EXPECT_EQ(json["suspected_labels"].size(), e.suspected_labels.images.size());
  ASSERT_EQ(json["mistakes"].size(), 1u);
  EXPECT_EQ(json["mistakes"][0]["image_index"], 1);
  EXPECT_EQ(json["mistakes"][0]["label"], 1);
  EXPECT_EQ(json["mistakes"][0]["predicted"], 0);
  EXPECT_FLOAT_EQ(json["mistakes"][0]["probability"].get<float>(), e.mistakes[0].probability);
  EXPECT_FLOAT_EQ(json["mistakes"][0]["label_probability"].get<float>(),
                  e.mistakes[0].label_probability);
}

TEST(MetricsJson, NamesAreEscapedAndMadeUtf8) {
  const std::string text = to_json(three_images({"\"a\\\n", "\xff"}));
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["per_class"][0]["class"], "\"a\\\n");
  EXPECT_EQ(json["per_class"][1]["class"], "\xEF\xBF\xBD");
}

TEST(MetricsJson, ProbabilitiesAreWrittenAsShortAsTheyAre) {
  Evaluation e = three_images({"a", "b"});
  e.mistakes[0].probability = 0.9f;
  EXPECT_THAT(to_json(e), HasSubstr("\"probability\":0.9,"));
}

TEST(MetricsJson, MistakesHaveTheirNearestImagesWhereTheyAreGiven) {
  Evaluation e = three_images({"a", "b"});
  e.mistakes.push_back(e.mistakes[0]);
  EXPECT_FALSE(nlohmann::json::parse(to_json(e))["mistakes"][0].contains("nearest"));
  const std::vector<std::vector<Neighbour>> nearest{
      {{.image_index = 7, .label = 1, .distance = 0.5},
       {.image_index = 3, .label = 0, .distance = 2}}};
  const auto mistakes = nlohmann::json::parse(to_json(e, nearest))["mistakes"];
  ASSERT_EQ(mistakes[0]["nearest"].size(), 2u);
  EXPECT_EQ(mistakes[0]["nearest"][0],
            nlohmann::json({{"image_index", 7}, {"label", 1}, {"distance", 0.5}}));
  EXPECT_EQ(mistakes[0]["nearest"][1]["image_index"], 3);
  EXPECT_FALSE(mistakes[1].contains("nearest"));
}

TEST(MetricsJson, NoMistakesIsAnEmptyList) {
  Evaluation e = three_images({"a", "b"});
  e.mistakes.clear();
  EXPECT_THAT(to_json(e), HasSubstr("\"mistakes\": []"));
}

TEST(EvaluationText, CutsNamesBetweenCharacters) {
  Evaluation evaluation;
  evaluation.class_names = {"ääääää", "b\xFF\x1b[2J"};
  evaluation.per_class.resize(2);
  evaluation.confusion = {{1, 0}, {0, 1}};
  const std::string text = to_text(evaluation, "test", 0);
  EXPECT_THAT(text, ::testing::HasSubstr("ääää…"));
  EXPECT_THAT(text, ::testing::HasSubstr("b\uFFFD [2J"));
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("\x1b")));
}

}  // namespace
}  // namespace digitry
