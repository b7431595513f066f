// `digitry explain`, `evaluate --explain` and what a run's report explains, as processes on real
// digits.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <tuple>

#include "digitry/base/file.h"
#include "digitry/data/idx.h"
#include "digitry/data/split.h"
#include "digitry/image/png.h"
#include "tests/app/digitry.h"
#include "tests/app/small_mnist.h"

namespace digitry::test {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// One run, with its report, on data of its own: some tests take these away.
class ExplainCommand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    data_ = *folder_ / "data";
    run_ = *folder_ / "run";
    fs::copy(small_mnist(), data_);
    trained_ = digitry({"train", "--recipe", "notebook", "--epochs", "1", "--data", data_, "--out",
                        run_, "--threads", "1"});
  }
  static void TearDownTestSuite() { delete folder_; }
  void SetUp() override { ASSERT_EQ(trained_.exit_status, 0) << trained_.err; }

  static json explained(std::vector<std::string> more) {
    more.insert(more.begin(), {"explain", run_});
    more.emplace_back("--json");
    const CommandResult result = digitry(more);
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return json::parse(result.out);
  }
  static json first_mistake() {
    return json::parse(file_bytes(run_ + "/metrics.json"))["evaluation"]["mistakes"][0];
  }
  static std::string test_images() { return data_ + "/t10k-images-idx3-ubyte"; }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::string data_, run_;
  static inline CommandResult trained_;
};

TEST_F(ExplainCommand, TellsOfAMistakeWhatTheReportKnows) {
  const json mistake = first_mistake();
  const std::int64_t index = mistake["image_index"];
  const json told = explained({"--index", std::to_string(index)});
  EXPECT_EQ(told["image_index"], index);
  EXPECT_EQ(told["source"], data_ + " test");
  EXPECT_EQ(told["label"], std::to_string(mistake["label"].get<int>()));
  EXPECT_EQ(told["predicted"], std::to_string(mistake["predicted"].get<int>()));
  EXPECT_EQ(told["against"], told["label"]);
  EXPECT_NEAR(told["probability"].get<double>(), mistake["probability"].get<double>(), 1e-5);
  EXPECT_NEAR(told["against_probability"].get<double>(), mistake["label_probability"].get<double>(),
              1e-5);
  EXPECT_GT(told["logit_difference"].get<double>(), 0);
  EXPECT_EQ(told["patch_size"], 4);
  EXPECT_FALSE(told.contains("attribution"));
  EXPECT_THAT(file_bytes(run_ + "/report.html"),
              AllOf(HasSubstr("<h2>Mistakes explained</h2>"), HasSubstr("id=\"map\""),
                    HasSubstr("of 2,698 training images"),
                    HasSubstr(" For " + told["predicted"].get<std::string>() + ": " +
                              told["spoke_for_predicted"].get<std::string>() + ".")));
}

TEST_F(ExplainCommand, HidingWhatSpokeForTheAnswerTakesFromIt) {
  const json told = explained({"--index", "0", "--pixels"});
  const auto rows = told["attribution"].get<std::vector<std::vector<double>>>();
  ASSERT_EQ(rows.size(), 28u);
  ASSERT_EQ(rows[27].size(), 28u);
  // The strongest ninth, hidden as a whole, has to cost the answer more than the weakest.
  const Tensor images = read_idx_images(test_images());
  const auto hidden_at = [&](bool strongest) {
    double best = 0;
    std::size_t top = 0, left = 0;
    for (std::size_t y = 0; y + 9 <= 28; ++y)
      for (std::size_t x = 0; x + 9 <= 28; ++x) {
        double sum = 0;
        for (std::size_t i = 0; i < 81; ++i) sum += rows[y + i / 9][x + i % 9];
        if (!strongest) sum = -sum;
        if (sum > best) std::tie(best, top, left) = std::tuple(sum, y, x);
      }
    Tensor one({1, 1, 28, 28}, DType::kU8);
    std::copy_n(images.as<std::uint8_t>().begin(), 784, one.as<std::uint8_t>().begin());
    for (std::size_t i = 0; i < 81; ++i)
      one.as<std::uint8_t>()[(top + i / 9) * 28 + left + i % 9] = 0;
    const std::string file = *folder_ / "hidden-images-idx3-ubyte";
    write_idx_images(file, one);
    const json probabilities =
        json::parse(digitry({"predict", run_, file, "--json"}).out)[0]["probabilities"];
    return std::log(probabilities[told["predicted"].get<std::string>()].get<double>()) -
           std::log(probabilities[told["against"].get<std::string>()].get<double>());
  };
  EXPECT_LT(hidden_at(true), hidden_at(false));
}

TEST_F(ExplainCommand, TheNearestTrainingImagesAreOnesThatItWasTrainedOn) {
  const json told = explained({"--index", "3", "--nearest", "40"});
  const auto labels = read_idx_labels(data_ + "/train-labels-idx1-ubyte");
  const ValidationSplit split = stratified_split(labels, 10, 0.1, 0);
  ASSERT_EQ(told["nearest"].size(), 40u);
  double before = 0;
  for (const json& each : told["nearest"]) {
    const std::int32_t index = each["image_index"];
    EXPECT_EQ(each["label"], std::to_string(labels[static_cast<std::size_t>(index)]));
    EXPECT_TRUE(std::ranges::binary_search(split.train, index)) << index;
    EXPECT_GE(each["distance"].get<double>(), before);
    before = each["distance"];
  }
  EXPECT_EQ(explained({"--nearest", "0"})["nearest"], json::array());
}

TEST_F(ExplainCommand, TakesFilesAndAClassToCompareWith) {
  const json told = explained({test_images(), "--index", "5", "--class", "9"});
  EXPECT_EQ(told["source"], test_images());
  EXPECT_TRUE(told["label"].is_null());
  EXPECT_NE(told["predicted"], "9");
  EXPECT_EQ(told["against"], "9");
  // Asked of the answer itself, it is held against the second best.
  const json second =
      explained({test_images(), "--index", "5", "--class", told["predicted"].get<std::string>()});
  EXPECT_EQ(second["predicted"], told["predicted"]);
  EXPECT_NE(second["against"], told["predicted"]);
  EXPECT_EQ(second["against"], explained({test_images(), "--index", "5"})["against"]);
}

TEST_F(ExplainCommand, TakesCsvWithLabelsOfItsOwn) {
  std::string csv = "label";
  for (int i = 0; i < 784; ++i) csv += ",pixel" + std::to_string(i);
  csv += "\n77";
  for (int i = 0; i < 784; ++i) csv += i % 28 == 14 ? ",255" : ",0";
  const std::string file = *folder_ / "stroke.csv";
  write_file_atomically(file, csv + "\n");
  EXPECT_TRUE(explained({file})["label"].is_null());
}

TEST_F(ExplainCommand, DrawsItForPeople) {
  const CommandResult plain = digitry({"explain", run_, "--index", "0"});
  ASSERT_EQ(plain.exit_status, 0) << plain.err;
  EXPECT_THAT(plain.err, IsEmpty());
  EXPECT_THAT(plain.out, AllOf(HasSubstr("test image 0: 7, "), HasSubstr("; correct"),
                               HasSubstr("++"), HasSubstr("for 7 (+)"),
                               HasSubstr("nearest training images"), Not(HasSubstr("\x1b"))));
}

TEST_F(ExplainCommand, WritesAPicture) {
  const std::string picture = *folder_ / "why.png";
  const CommandResult result = digitry({"explain", run_, "--index", "1", "--out", picture});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr(picture));
  const Image image = decode_grey_png(file_bytes(picture), picture);
  EXPECT_EQ(image.height, 112 + 16);
  EXPECT_EQ(image.width, 7 * 120 + 8);
}

TEST_F(ExplainCommand, SaysWhatToDoAboutBadUse) {
  const auto expect_refused = [](std::vector<std::string> arguments, int status,
                                 const std::vector<std::string>& parts) {
    arguments.insert(arguments.begin(), "explain");
    const CommandResult result = digitry(arguments);
    EXPECT_EQ(result.exit_status, status) << result.err;
    EXPECT_THAT(result.out, IsEmpty());
    for (const std::string& part : parts) EXPECT_THAT(result.err, HasSubstr(part));
  };
  expect_refused({run_, "--index", "1000"}, 2, {"--index 1000", "below 1,000"});
  expect_refused({run_, "--class", "ten"}, 2, {"found 'ten'", "0, 1, 2"});
  expect_refused({run_, "--out", "picture.jpg"}, 2, {"picture.jpg", ".png"});
  expect_refused({run_, test_images(), "--split", "train"}, 2, {"--split train", "no splits"});
  expect_refused({run_, "--pixels"}, 2, {"--json"});
  expect_refused({run_, "--index", "-1"}, 2, {"--index"});
  expect_refused({run_, *folder_ / "nothing.png"}, 3, {"nothing.png"});
  expect_refused({*folder_ / "nothing"}, 3, {"nothing"});
  const std::string small = *folder_ / "small-images-idx3-ubyte";
  write_idx_images(small, Tensor({1, 1, 8, 8}, DType::kU8));
  expect_refused({run_, small}, 3, {"[1,28,28]", "[1,8,8]"});
}

TEST_F(ExplainCommand, EvaluateTellsTheNearestImagesOfMistakes) {
  const CommandResult result = digitry({"evaluate", run_, "--explain", "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const json mistakes = json::parse(result.out)["mistakes"];
  for (const json& mistake : mistakes) EXPECT_EQ(mistake["nearest"].size(), 5u);
  const json told = explained({"--index", std::to_string(mistakes[0]["image_index"].get<int>())});
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(mistakes[0]["nearest"][i]["image_index"], told["nearest"][i]["image_index"]);
  const CommandResult text = digitry({"evaluate", run_, "--explain", "--mistakes", "2"});
  EXPECT_THAT(text.out, HasSubstr("\n                nearest training images: "));
}

TEST_F(ExplainCommand, WithoutTheTrainingImagesSaysSoAndGoesOn) {
  const TemporaryFolder scratch;
  const std::string model = scratch / "model.safetensors",
                    kept = scratch / "t10k-images-idx3-ubyte";
  fs::copy(run_ + "/model.safetensors", model);
  fs::copy(test_images(), kept);
  const std::string labels = data_ + "/train-labels-idx1-ubyte";
  const std::string bytes = file_bytes(labels);

  // Other labels than it was trained with, then none at all.
  std::string changed = bytes;
  changed.back() = changed.back() == 1 ? 2 : 1;
  write_file_atomically(labels, changed);
  CommandResult result = digitry({"explain", model, kept});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("no nearest training images"),
                                HasSubstr("no longer contains the images")));
  EXPECT_THAT(result.out, Not(HasSubstr("nearest")));
  result = digitry({"report", run_});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(file_bytes(run_ + "/report.html"),
              HasSubstr("training images are left out: " + data_ + " no longer contains"));

  fs::remove(labels);
  result = digitry({"evaluate", run_, "--explain"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("no nearest training images: "));
  EXPECT_THAT(result.out, Not(HasSubstr("nearest")));
  write_file_atomically(labels, bytes);
}

}  // namespace
}  // namespace digitry::test
