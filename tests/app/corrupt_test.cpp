#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/digitry/commands/data_corrupt.h"
#include "digitry/base/file.h"
#include "digitry/data/idx.h"
#include "digitry/image/png.h"
#include "tests/app/digitry.h"
#include "tests/support/errors.h"

// `digitry evaluate --corrupt`, `report --corrupt` and `data corrupt`, as processes.

namespace digitry::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kAllFifteen =
    "shot_noise,impulse_noise,glass_blur,motion_blur,shear,scale,rotate,brightness,translate,"
    "stripe,fog,spatter,dotted_line,zigzag,canny_edges";

CommandResult corrupt(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"data", "corrupt"});
  return digitry(std::move(arguments));
}

TEST(CorruptionNames, AreParsed) {
  EXPECT_EQ(app::parse_corruptions("all").size(), 15U);
  EXPECT_THAT(app::parse_corruptions("stripe,fog,stripe"),
              ElementsAre(Corruption::kStripe, Corruption::kFog));
  EXPECT_EQ(app::parse_corruptions(kAllFifteen), app::parse_corruptions("all"));
  expect_error(ErrorCode::kInvalidArgument, {"\"shot-noise\"", "did you mean \"shot_noise\"?"},
               [] { app::parse_corruptions("fog,shot-noise"); });
  expect_error(ErrorCode::kInvalidArgument, {"\"\"", "expected shot_noise,"},
               [] { app::parse_corruptions("fog,"); });
}

// One finished run on real digits.
class CorruptedRun : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    run_ = *folder_ / "run";
    trained_ = digitry(small_training(run_));
  }
  static void TearDownTestSuite() { delete folder_; }
  void SetUp() override { ASSERT_EQ(trained_.exit_status, 0) << trained_.err; }

  static CommandResult evaluate(std::vector<std::string> more) {
    more.insert(more.begin(), {"evaluate", run_});
    return digitry(std::move(more));
  }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::string run_;
  static inline CommandResult trained_;
};

TEST_F(CorruptedRun, IsJudgedUnderEveryCorruption) {
  const CommandResult text = evaluate({"--corrupt"});
  ASSERT_EQ(text.exit_status, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("1,000 test images\n"), HasSubstr("\nnone "),
                              HasSubstr("\ncanny_edges "), HasSubstr("\nmean of 15 ")));
  const CommandResult result = evaluate({"--corrupt", "all", "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const json judged = json::parse(result.out);
  EXPECT_EQ(judged["num_images"], 1000);
  ASSERT_EQ(judged["corrupted"].size(), 15U);
  const double clean = judged["clean"]["accuracy"];
  EXPECT_EQ(clean, json::parse(evaluate({"--json"}).out)["accuracy"]);
  double sum = 0;
  for (const json& each : judged["corrupted"]) {
    sum += each["accuracy"].get<double>();
    EXPECT_LT(each["accuracy"], clean + 0.02) << each;
    EXPECT_THAT(text.out, HasSubstr("\n" + each["corruption"].get<std::string>() + " "));
  }
  EXPECT_DOUBLE_EQ(judged["mean_accuracy"].get<double>(), sum / 15);
  // A network of dense layers fails on shifted digits.
  EXPECT_LT(judged["mean_accuracy"], clean - 0.1);
}

TEST_F(CorruptedRun, SomeCorruptionsAreTheSameAmongAll) {
  const json all = json::parse(evaluate({"--corrupt", "--json"}).out);
  const json some = json::parse(evaluate({"--corrupt", "zigzag,fog", "--json"}).out);
  ASSERT_EQ(some["corrupted"].size(), 2U);
  EXPECT_EQ(some["corrupted"][0], all["corrupted"][13]);
  EXPECT_EQ(some["corrupted"][1], all["corrupted"][10]);
  const json other = json::parse(evaluate({"--corrupt=fog", "--json", "--seed", "1"}).out);
  EXPECT_EQ(other["seed"], 1);
  EXPECT_NE(other["corrupted"][0], some["corrupted"][1]);
  // The model may follow the bare option.
  const CommandResult last = digitry({"evaluate", "--split", "validation", "--corrupt", run_});
  EXPECT_EQ(last.exit_status, 0) << last.err;
  EXPECT_THAT(last.out, AllOf(HasSubstr("302 validation images"), HasSubstr("mean of 15")));
}

TEST_F(CorruptedRun, BadNamesAreRefusedWithASuggestion) {
  const CommandResult result = evaluate({"--corrupt", "fogg"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, AllOf(HasSubstr("unknown corruption \"fogg\"; did you mean \"fog\"?"),
                                HasSubstr(kAllFifteen)));
  EXPECT_EQ(evaluate({"--corrupt", ""}).exit_status, 2);
  EXPECT_EQ(evaluate({"--corrupt", "--mistakes", "3"}).exit_status, 2);
  EXPECT_EQ(evaluate({"--seed", "3"}).exit_status, 2);
  EXPECT_EQ(digitry({"report", run_, "--corrupt", "snow"}).exit_status, 2);
}

TEST_F(CorruptedRun, ExportedImagesAreTheOnesJudged) {
  const std::string out = *folder_ / "exported";
  const CommandResult made =
      corrupt({small_mnist(), "--corrupt", "fog,canny_edges", "--seed", "4", "--out", out});
  ASSERT_EQ(made.exit_status, 0) << made.err;
  EXPECT_EQ(made.out, out + "/fog\n" + out + "/canny_edges\n");
  const json judged = json::parse(evaluate({"--corrupt", "fog", "--seed", "4", "--json"}).out);
  const CommandResult again = evaluate({"--data", out + "/fog", "--json"});
  ASSERT_EQ(again.exit_status, 0) << again.err;
  EXPECT_EQ(json::parse(again.out)["num_correct"], judged["corrupted"][0]["num_correct"]);
  EXPECT_EQ(corrupt({small_mnist(), "--out", out}).exit_status, 2) << "never overwritten";
}

TEST(DataCorrupt, WritesAllOrNothing) {
  const TemporaryFolder folder;
  const std::string out = folder / "stopped";
  ChildProcess process({"digitry", "data", "corrupt", "mnist", "--out", out});
  // Its first folder is being written: it has started and is far from finished.
  for (int i = 0; i < 600 && !(path_exists(out) && !list_folder(out).empty()); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  process.send_signal(SIGINT);
  const CommandResult result = process.wait();
  EXPECT_EQ(result.exit_status, 130);
  EXPECT_THAT(result.err, HasSubstr("nothing was written"));
  EXPECT_THAT(list_folder(out), IsEmpty());
}

TEST_F(CorruptedRun, ReportShowsIt) {
  const CommandResult result = digitry({"report", run_, "--corrupt", "fog,scale"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const std::string report = file_bytes(run_ + "/report.html");
  EXPECT_THAT(report, AllOf(HasSubstr("id=\"robustness\""), HasSubstr("2 corruptions"),
                            HasSubstr("<th scope=\"row\">scale</th>")));
  EXPECT_EQ(digitry({"report", run_}).exit_status, 0);
  EXPECT_THAT(file_bytes(run_ + "/report.html"), Not(HasSubstr("id=\"robustness\"")));
}

TEST(DataCorrupt, ShowsImagesWithNames) {
  const CommandResult result = corrupt({small_mnist(), "--corrupt", "fog,impulse_noise"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("image 3"), HasSubstr("fog"), HasSubstr("impulse_noise"),
                                Not(HasSubstr("stripe"))));
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U);
  EXPECT_EQ(corrupt({small_mnist(), "--corrupt", "fog,impulse_noise", "--show"}).out, result.out);
  EXPECT_NE(corrupt({small_mnist(), "--corrupt", "fog,impulse_noise", "--seed", "1"}).out,
            result.out);
}

TEST(DataCorrupt, WritesAContactSheet) {
  const TemporaryFolder folder;
  const std::string sheet = folder / "sheet.png";
  const CommandResult result = corrupt({small_mnist(), "--images", "3", "--sheet", sheet});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, IsEmpty());
  const Image image = decode_png(file_bytes(sheet), sheet);
  EXPECT_EQ(image.height, 3 * (3 * 29 + 1));
  EXPECT_EQ(image.width, 3 * (16 * 29 + 5));
}

TEST(DataCorrupt, ExportsTrainingImagesToo) {
  const TemporaryFolder folder;
  const std::string out = folder / "train";
  const CommandResult made =
      corrupt({small_mnist(), "--split", "train", "--corrupt", "stripe", "--out", out});
  ASSERT_EQ(made.exit_status, 0) << made.err;
  const Tensor images = read_idx_images(out + "/stripe/train-images-idx3-ubyte");
  const Tensor before = read_idx_images(small_mnist() / "train-images-idx3-ubyte");
  EXPECT_EQ(images.shape(), before.shape());
  EXPECT_EQ(images.as<std::uint8_t>()[0], 255 - before.as<std::uint8_t>()[0]);
  EXPECT_EQ(read_idx_labels(out + "/stripe/train-labels-idx1-ubyte"),
            read_idx_labels(small_mnist() / "train-labels-idx1-ubyte"));
}

TEST(DataCorrupt, RefusesBadUse) {
  EXPECT_EQ(corrupt({small_mnist(), "--sheet", "sheet.jpg"}).exit_status, 2);
  EXPECT_EQ(corrupt({small_mnist(), "--corrupt", "frost"}).exit_status, 2);
  EXPECT_EQ(corrupt({small_mnist(), "--split", "validation"}).exit_status, 2);
  EXPECT_EQ(corrupt({small_mnist(), "--images", "0"}).exit_status, 2);
  EXPECT_EQ(corrupt({"/nonexistent"}).exit_status, 3);
  for (const char* shell : {"bash", "zsh", "fish"})
    EXPECT_THAT(digitry({"completion", shell}).out, HasSubstr("canny_edges")) << shell;
}

}  // namespace
}  // namespace digitry::test
