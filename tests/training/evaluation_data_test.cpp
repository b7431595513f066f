#include "digitry/training/evaluation_data.h"

#include <fmt/format.h>

#include "digitry/data/split.h"
#include "digitry/training/recipe.h"
#include "tests/data/test_files.h"
#include "tests/support/networks.h"

// The images and labels that a model is evaluated on.

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

Model model_of(const std::vector<std::string>& class_names) {
  const auto classes = static_cast<std::int64_t>(class_names.size());
  return {.members = one_member(
              test::random_network({1, 1, 1}, classes, {test::flatten(), test::dense(classes)})),
          .preprocessing = {},
          .tta = {},
          .class_names = class_names,
          .provenance = {}};
}

// Like a model trained on `data` with a quarter set aside.
Model trained_on(const Dataset& data) {
  Model model = model_of(data.class_names);
  Recipe recipe;
  recipe.name = "r";
  recipe.validation = 0.25;
  recipe.layers = {test::flatten(), test::dense(2)};
  model.provenance = {{"recipe", to_toml(recipe)}, {"data_sha256", data.sha256}};
  return model;
}

// Rows of one pixel, labels in turn.
std::string rows(const std::vector<int>& labels, int count) {
  std::string text = "label,p0\n";
  for (int i = 0; i < count; ++i)
    text += fmt::format("{},{}\n", labels[static_cast<std::size_t>(i) % labels.size()], i);
  return text;
}

class JudgedImagesTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) const {
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }
  TemporaryFolder folder_;
};

TEST_F(JudgedImagesTest, OfTheTrainingDataArePartsAsTheTrainingUsedThem) {
  const std::string own = file("own.csv", rows({0, 1}, 8));
  const Model model = trained_on(load_dataset(own, Split::kTrain));
  const EvaluationData chosen = load_evaluation_data(own, "", model);
  EXPECT_EQ(chosen.split, "validation");
  EXPECT_THAT(chosen.data.labels, ElementsAre(0, 1));
  EXPECT_THAT(load_evaluation_data(own, "train", model).data.labels, SizeIs(6));
  expect_error(ErrorCode::kBadData, {"trained on these images", "--split validation"},
               [&] { load_evaluation_data(own, "test", model); });
}

TEST_F(JudgedImagesTest, OtherDataAreTakenWhole) {
  const Model model = trained_on(load_dataset(file("own.csv", rows({0, 1}, 8)), Split::kTrain));
  const std::string other = file("other.csv", rows({1, 0}, 12));
  for (const char* split : {"", "test"}) {
    const EvaluationData chosen = load_evaluation_data(other, split, model);
    EXPECT_EQ(chosen.split, "test");
    EXPECT_THAT(chosen.data.labels, SizeIs(12));
  }
  EXPECT_THAT(load_evaluation_data(other, "train", model).data.labels, SizeIs(12));
  expect_error(ErrorCode::kBadData, {"other.csv", "trained on other images"},
               [&] { load_evaluation_data(other, "validation", model); });
}

TEST_F(JudgedImagesTest, ATestSplitWithoutLabelsIsPassedOver) {
  file("kaggle/train.csv", rows({0, 1}, 8));
  file("kaggle/test.csv", "p0\n1\n2\n");
  const std::string kaggle = (folder_ / "kaggle").string();
  EXPECT_EQ(final_split(kaggle), "validation");
  const Model model = trained_on(load_dataset(kaggle, Split::kTrain));
  EXPECT_EQ(load_evaluation_data(kaggle, "", model).split, "validation");
  EXPECT_EQ(load_evaluation_data(kaggle, "", model_of({"0", "1"})).split, "train");
  expect_error(ErrorCode::kBadData, {"no labels"},
               [&] { load_evaluation_data(kaggle, "test", model); });
}

TEST_F(JudgedImagesTest, ALabelledTestSplitComesFirst) {
  file("both/train.csv", rows({0, 1}, 8));
  file("both/test.csv", rows({1}, 3));
  const std::string both = (folder_ / "both").string();
  EXPECT_EQ(final_split(both), "test");
  const EvaluationData chosen = load_evaluation_data(both, "", model_of({"0", "1"}));
  EXPECT_EQ(chosen.split, "test");
  EXPECT_THAT(chosen.data.labels, ElementsAre(1, 1, 1));
}

TEST_F(JudgedImagesTest, ClassesAreMatchedByName) {
  file("named/class_names.txt", "dog\ncat\n");
  file("named/train.csv", rows({0, 1, 1}, 3));
  const std::string named = (folder_ / "named").string();
  const EvaluationData chosen =
      load_evaluation_data(named, "train", model_of({"bird", "cat", "dog"}));
  EXPECT_THAT(chosen.data.labels, ElementsAre(2, 1, 1));
  EXPECT_THAT(chosen.data.class_names, ElementsAre("bird", "cat", "dog"));
  expect_error(ErrorCode::kBadData, {"expected classes of the model (bird, cat)", "'dog'"}, [&] {
    load_evaluation_data(named, "train", model_of({"bird", "cat"}));
  });
}

TEST_F(JudgedImagesTest, NumbersAreNamesWhereTheModelHasThemElsePlaces) {
  const std::string data = file("data.csv", rows({3, 1}, 4));
  // Only labels that occur matter: no image has label 0 or 2.
  EXPECT_THAT(load_evaluation_data(data, "train", model_of({"1", "3"})).data.labels,
              ElementsAre(1, 0, 1, 0));
  EXPECT_THAT(load_evaluation_data(data, "train", model_of({"a", "b", "c", "d"})).data.labels,
              ElementsAre(3, 1, 3, 1));
  expect_error(ErrorCode::kBadData, {"found '1'"}, [&] {
    load_evaluation_data(data, "train", model_of({"a", "b", "c"}));
  });
  expect_error(ErrorCode::kBadData, {"found '3'"}, [&] {
    load_evaluation_data(data, "train", model_of({"0", "1", "2", "4"}));
  });
}

}  // namespace
}  // namespace digitry
