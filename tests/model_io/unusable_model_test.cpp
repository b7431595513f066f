#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "digitry/evaluation/evaluate.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/temporary_folder.h"

// Models that were moved from, or that a program left incomplete: every function that uses one
// reports what is missing.

namespace digitry {
namespace {

using test::expect_error;

Dataset ten_labelled(const Model& like) {
  Dataset data;
  data.images = test::ten_images(like);
  data.labels.assign(10, 0);
  data.class_names = like.class_names;
  return data;
}

std::vector<Model> one_model(Model model) {
  std::vector<Model> models;
  models.push_back(std::move(model));
  return models;
}

// `spoil` makes a usable model unusable; the error of every use must contain `parts`.
void expect_unusable(const std::vector<std::string>& parts,
                     const std::function<void(Model&)>& spoil) {
  const Dataset data = ten_labelled(test::small_model());
  const auto spoilt = [&] {
    Model model = test::small_model();
    spoil(model);
    return model;
  };
  const auto refused = [&](const char* use, const auto& action) {
    SCOPED_TRACE(use);
    expect_error(ErrorCode::kInvalidArgument, parts, action);
  };
  refused("check_usable", [&] { check_usable(spoilt()); });
  refused("copy_of", [&] { copy_of(spoilt()); });
  refused("Classifier", [&] { const Classifier classifier(spoilt()); });
  refused("Classifier of a copy", [&] {
    const Model model = spoilt();
    const Classifier classifier(model);
  });
  refused("evaluate", [&] { evaluate(spoilt(), data); });
  refused("model_to_bytes", [&] { model_to_bytes(spoilt()); });
  refused("combine", [&] { combine(one_model(spoilt()), {"a"}); });
  const test::TemporaryFolder folder;
  refused("save_model", [&] { save_model(spoilt(), folder / "m"); });
  EXPECT_TRUE(folder.names().empty()) << "nothing is written";
}

TEST(UnusableModel, IsOneThatWasMovedFrom) {
  expect_unusable({"model: expected at least one network", "moved from"},
                  [](Model& model) { const Model taken = std::move(model); });
  const Model empty;
  expect_error(ErrorCode::kInvalidArgument, {"at least one network"}, [&] { empty.input_shape(); });
  EXPECT_EQ(empty.num_parameters(), 0);
}

TEST(UnusableModel, IsOneWhoseNetworkWasMovedFrom) {
  expect_unusable({"network 0", "at least one layer"}, [](Model& model) {
    const Network taken = std::move(model.members.front().network);
  });
}

TEST(UnusableModel, IsOneWithoutValues) {
  expect_unusable({"network 0", "no values"}, [](Model& model) {
    const Network& network = model.members.front().network;
    model.members = one_member(Network({1, 4, 4}, 3, network.layer_attributes()));
  });
}

TEST(UnusableModel, IsOneWithOtherThanOneNamePerClass) {
  expect_unusable({"expected 3 class names, one per class, got 2"},
                  [](Model& model) { model.class_names.pop_back(); });
}

TEST(UnusableModel, IsOneOfNetworksThatDoNotFit) {
  const auto add = [](Model& model, Shape image, std::int64_t classes) {
    model.members.push_back(
        {.network = test::random_network(std::move(image), classes,
                                         {test::flatten(), test::dense(classes)})});
  };
  expect_unusable({"network 1", "[1,4,4]", "[1,4,5]"}, [&](Model& model) {
    add(model, {1, 4, 5}, 3);
  });
  expect_unusable({"network 1", "expected 3 classes", "got 4"}, [&](Model& model) {
    add(model, {1, 4, 4}, 4);
  });
}

TEST(UnusableModel, IsNamedByCombine) {
  std::vector<Model> models = one_model(test::small_model());
  models.emplace_back();
  expect_error(ErrorCode::kInvalidArgument, {"second: model: expected at least one network"}, [&] {
    combine(std::move(models), {"first", "second"});
  });
  expect_error(ErrorCode::kInvalidArgument, {"expected 1 names", "got 2"}, [] {
    combine(one_model(test::small_model()), {"first", "second"});
  });
}

TEST(Classifier, IsRefusedOnceItWasMovedFrom) {
  Classifier classifier(test::small_model());
  const Classifier taken = std::move(classifier);
  const Dataset data = ten_labelled(taken.model());
  const Tensor& images = data.images;
  const std::vector<std::int32_t> first{0};
  // NOLINTBEGIN(bugprone-use-after-move): what is tested.
  const auto refused = [](const char* use, const auto& action) {
    SCOPED_TRACE(use);
    expect_error(ErrorCode::kInvalidArgument, {"classifier", "moved from"}, action);
  };
  refused("model", [&] { classifier.model(); });
  refused("logits", [&] { classifier.logits(images); });
  refused("logits of some", [&] { classifier.logits(images, first); });
  refused("classify", [&] { classifier.classify(images); });
  refused("classify_one", [&] { classifier.classify_one(images.take(first)); });
  refused("scores", [&] { classifier.in_distribution_scores(images); });
  refused("evaluate", [&] { evaluate(classifier, data); });
  // NOLINTEND(bugprone-use-after-move)
  classifier = Classifier(test::small_model());
  EXPECT_EQ(classifier.classify(images).size(), 10U) << "assigned to, it is of use again";
}

TEST(ClassifyOne, GivesTheOnePredictionOfTheImage) {
  const Classifier classifier(test::small_model());
  const Tensor images = test::ten_images(classifier.model());
  const std::vector<std::int32_t> third{3};
  const Tensor image = images.take(third);
  const Prediction want = classifier.classify(image).front();
  const Prediction got = classifier.classify_one(image);
  EXPECT_EQ(got.label, want.label);
  EXPECT_EQ(got.probabilities, want.probabilities);
  EXPECT_EQ(got.in_distribution_score, want.in_distribution_score);
  EXPECT_EQ(got.rejected, want.rejected);

  Tensor without_batch({1, 4, 4}, DType::kU8);
  std::ranges::copy(image.as<std::uint8_t>(), without_batch.as<std::uint8_t>().begin());
  EXPECT_EQ(classifier.classify_one(without_batch).probabilities, want.probabilities);
  Tensor numbers({1, 4, 4}, DType::kF32);
  std::ranges::copy(image.as<std::uint8_t>(), numbers.as<float>().begin());
  EXPECT_EQ(classifier.classify_one(numbers).label, want.label);
}

TEST(ClassifyOne, RefusesAnythingButOneImage) {
  const Classifier classifier(test::small_model());
  const auto refused = [&](const Tensor& images, const std::string& shape) {
    expect_error(ErrorCode::kShapeMismatch, {"classify_one", "one image of [1,4,4]", shape},
                 [&] { classifier.classify_one(images); });
  };
  refused(test::ten_images(classifier.model()), "[10,1,4,4]");
  refused(Tensor({0, 1, 4, 4}, DType::kU8), "[0,1,4,4]");
  refused(Tensor({1, 5, 4}, DType::kU8), "[1,5,4]");
  refused(Tensor({4, 4}, DType::kU8), "[4,4]");
  refused(Tensor(), "[0]");
}

}  // namespace
}  // namespace digitry
