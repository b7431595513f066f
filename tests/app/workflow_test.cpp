// The whole of a user's work, each command as a process, on real digits.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "digitry/base/file.h"
#include "digitry/data/idx.h"
#include "tests/app/digitry.h"
#include "tests/app/small_mnist.h"
#include "tests/support/json_near.h"
#include "tests/support/process.h"
#include "tests/support/values.h"

namespace digitry::test {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::vector<std::string> train_arguments(const std::string& out,
                                         std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{
      "train", "--recipe", "notebook",  "--data", small_mnist().string(),
      "--out", out,        "--threads", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// One finished run that several tests look at.
class FinishedRun : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    run_ = *folder_ / "run";
    trained_ = digitry(train_arguments(run_));
  }
  static void TearDownTestSuite() { delete folder_; }
  void SetUp() override { ASSERT_EQ(trained_.exit_status, 0) << trained_.err; }

  static std::string file(const std::string& name) { return file_bytes(run_ + "/" + name); }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::string run_;
  static inline CommandResult trained_;
};

TEST_F(FinishedRun, HasEveryFileAndNoCheckpoint) {
  for (const char* name : {"config.toml", "history.csv", "metrics.json", "model.safetensors",
                           "report.html", "figures/curves.svg", "figures/confusion.png"})
    EXPECT_TRUE(fs::exists(run_ + "/" + name)) << name;
  EXPECT_FALSE(fs::exists(run_ + "/checkpoint.safetensors"));
  EXPECT_THAT(trained_.out, HasSubstr("test accuracy"));
  EXPECT_THAT(trained_.err, HasSubstr("epoch 1/"));
  EXPECT_EQ(trained_.err.find('\r'), std::string::npos) << "no animation off a terminal";
}

TEST_F(FinishedRun, LearntToReadDigits) {
  const json metrics = json::parse(file("metrics.json"));
  EXPECT_GT(metrics["evaluation"]["accuracy"].get<double>(), 0.85);
  EXPECT_EQ(metrics["split"], "test");
  EXPECT_EQ(metrics["training"]["training_images"], 2698);
  EXPECT_EQ(metrics["training"]["validation_images"], 302);
}

// The prototypes distinguish noise from digits, both in the file and in the prediction.
TEST_F(FinishedRun, KnowsDigitsFromNoise) {
  const auto num_accepted = [](const std::string& images) {
    const CommandResult result = digitry({"predict", run_, images, "--json"});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    std::int64_t count = 0;
    for (const json& entry : json::parse(result.out)) count += entry["known"] ? 1 : 0;
    return count;
  };
  EXPECT_GT(num_accepted((small_mnist() / "t10k-images-idx3-ubyte").string()), 970) << "of 1,000";
  Tensor noise({100, 1, 28, 28}, DType::kU8);
  std::ranges::copy(random_pixels(noise.num_elements(), 1), noise.as<std::uint8_t>().begin());
  const std::string file = *folder_ / "noise-idx3-ubyte";
  write_idx_images(file, noise);
  EXPECT_LT(num_accepted(file), 10) << "of 100";
}

TEST_F(FinishedRun, IsNeverOverwritten) {
  const std::string model = file("model.safetensors");
  const CommandResult again = digitry(train_arguments(run_));
  EXPECT_EQ(again.exit_status, 2);
  EXPECT_THAT(again.err, HasSubstr("never overwritten"));
  EXPECT_EQ(file("model.safetensors"), model);
}

TEST_F(FinishedRun, IsReproducedByItsOwnConfig) {
  const std::string again = *folder_ / "again";
  const CommandResult result = digitry({"train", "--recipe", run_ + "/config.toml", "--out", again,
                                        "--threads", "1", "--no-report"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(file_bytes(again + "/model.safetensors"), file("model.safetensors"));
  EXPECT_FALSE(fs::exists(again + "/report.html"));
}

TEST_F(FinishedRun, EvaluatesToItsMetrics) {
  const CommandResult result = digitry({"evaluate", run_, "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const json metrics = json::parse(file("metrics.json"))["evaluation"];
  // Another number of threads may cut sums of some hundred float32 products in other places: that
  // moves logits by about 1e-6 of their size.
  expect_json_near(json::parse(result.out), metrics, 1e-4);
  const CommandResult threads = digitry({"evaluate", run_, "--json", "--threads", "3"});
  ASSERT_EQ(threads.exit_status, 0) << threads.err;
  expect_json_near(json::parse(threads.out), metrics, 1e-4);
  const CommandResult text = digitry({"evaluate", run_, "--split", "validation"});
  EXPECT_THAT(text.out, HasSubstr("validation accuracy"));
  EXPECT_THAT(text.out, HasSubstr("of 302"));
}

TEST_F(FinishedRun, PredictionsConfirmTheAccuracyThatEvaluatePrints) {
  const auto images = (small_mnist() / "t10k-images-idx3-ubyte").string();
  const CommandResult result = digitry({"predict", run_, images, "--csv"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const auto labels = read_idx_labels(small_mnist() / "t10k-labels-idx1-ubyte");
  std::istringstream lines(result.out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "ImageId,Label");
  std::size_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ASSERT_TRUE(std::getline(lines, line));
    const std::string id = std::to_string(i + 1) + ",";
    ASSERT_TRUE(line.starts_with(id)) << line;
    correct += std::stoi(line.substr(id.size())) == labels[i] ? 1 : 0;
  }
  EXPECT_EQ(json::parse(file("metrics.json"))["evaluation"]["num_correct"], correct);
}

TEST_F(FinishedRun, PredictsCsvAndStandardInputAlike) {
  const Tensor images = read_idx_images(small_mnist() / "t10k-images-idx3-ubyte");
  std::string csv = "pixel0";
  for (int i = 1; i < 784; ++i) csv += ",pixel" + std::to_string(i);
  for (std::size_t i = 0; i < 3 * 784; ++i)
    csv += (i % 784 == 0 ? "\n" : ",") + std::to_string(images.as<std::uint8_t>()[i]);
  const CommandResult piped =
      digitry({"predict", run_, "-", "--csv", "--probability"}, {.input = csv + "\n"});
  ASSERT_EQ(piped.exit_status, 0) << piped.err;
  EXPECT_THAT(piped.out, testing::StartsWith("ImageId,Label,Probability,Rejected\n1,7,"));

  const CommandResult as_json =
      digitry({"predict", run_, (small_mnist() / "t10k-images-idx3-ubyte").string(), "--json"});
  const json predictions = json::parse(as_json.out);
  ASSERT_EQ(predictions.size(), 1000U);
  EXPECT_EQ(predictions[0]["label"], "7");
  double sum = 0;
  for (const auto& [name, p] : predictions[0]["probabilities"].items()) sum += p.get<double>();
  EXPECT_NEAR(sum, 1.0, 1e-5);
}

TEST_F(FinishedRun, GetsItsReportAgain) {
  fs::remove(run_ + "/report.html");
  const CommandResult result = digitry({"report", run_});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, run_ + "/report.html\n");
  EXPECT_THAT(file("report.html"), HasSubstr("notebook on"));
}

TEST_F(FinishedRun, WithoutGnuplotKeepsTheModelAndSaysWhatToInstall) {
  const std::string out = *folder_ / "no-gnuplot";
  const CommandResult result =
      digitry(train_arguments(out, {"--epochs", "1"}), {.environment = {{"PATH", "/nonexistent"}}});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("gnuplot"));
  EXPECT_TRUE(fs::exists(out + "/model.safetensors"));
  EXPECT_FALSE(fs::exists(out + "/report.html"));
}

// What the file holds is the training alone: no times, no paths of the run.
std::string uninterrupted_model(const std::vector<std::string>& more) {
  const TemporaryFolder folder;
  const CommandResult result = digitry(train_arguments(folder / "run", more));
  EXPECT_EQ(result.exit_status, 0) << result.err;
  return file_bytes(folder / "run/model.safetensors");
}

class InterruptedBy : public testing::TestWithParam<int> {};

TEST_P(InterruptedBy, ARunGoesOnToTheSameBits) {
  const std::vector<std::string> long_enough{"--epochs", "40", "--no-report", "--checkpoint-every",
                                             "0.05"};
  const TemporaryFolder folder;
  const std::string run = folder / "run";
  auto arguments = train_arguments(run, long_enough);
  arguments.insert(arguments.begin(), "digitry");
  ChildProcess child(arguments, {.environment = {{"OMP_NUM_THREADS", "1"}}});
  // Wait until there is something to resume from.
  for (int i = 0; i < 2000 && !fs::exists(run + "/checkpoint.safetensors") && child.running(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  child.send_signal(GetParam());
  const CommandResult stopped = child.wait();
  if (GetParam() == SIGKILL) {
    EXPECT_EQ(stopped.exit_status, 128 + SIGKILL);
    EXPECT_FALSE(fs::exists(run + "/model.safetensors"));
  } else {
    EXPECT_EQ(stopped.exit_status, 130) << stopped.err;
    EXPECT_THAT(stopped.err, HasSubstr("--resume --out " + run));
    EXPECT_TRUE(fs::exists(run + "/model.safetensors"));
  }
  ASSERT_TRUE(fs::exists(run + "/checkpoint.safetensors"));

  const CommandResult resumed =
      digitry({"train", "--resume", "--out", run, "--threads", "1", "--no-report"});
  ASSERT_EQ(resumed.exit_status, 0) << resumed.err;
  EXPECT_EQ(file_bytes(run + "/model.safetensors"), uninterrupted_model(long_enough));
  const CommandResult again = digitry({"train", "--resume", "--out", run});
  EXPECT_EQ(again.exit_status, 2);
  EXPECT_THAT(again.err, HasSubstr("finished"));
}

INSTANTIATE_TEST_SUITE_P(Signals, InterruptedBy, testing::Values(SIGINT, SIGTERM, SIGKILL),
                         [](const auto& test) { return std::string(sigabbrev_np(test.param)); });

TEST(Train, ProfilesItsKernelsAndSaysWhyTheyWereChosen) {
  const TemporaryFolder folder;
  const CommandResult result =
      digitry({"train", "--recipe", "fast", "--data", small_mnist().string(), "--precision", "f32",
               "--no-report", "--profile", "--out", folder / "run"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("GFLOP/s"));
  EXPECT_THAT(result.err, HasSubstr("\nWhy these kernels:\n"));
  EXPECT_THAT(result.err,
              testing::ContainsRegex("digitry:pooled_conv2d:[^\n]*: one input channel"));
}

TEST(Train, ShowsAProgressBarOnATerminal) {
  const TemporaryFolder folder;
  const CommandResult result = digitry(
      train_arguments(folder / "run", {"--epochs", "5", "--no-report"}), {.terminal = true});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.err, HasSubstr("\r"));
  EXPECT_THAT(result.err, HasSubstr("images/s"));
}

}  // namespace
}  // namespace digitry::test
