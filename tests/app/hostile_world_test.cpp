// What goes wrong around the command: disks, data, signals and hours of training that must not be
// lost to them.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "digitry/base/file.h"
#include "digitry/data/idx.h"
#include "tests/app/digitry.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace fs = std::filesystem;
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The signals that a thread blocks, and those that its process has a handler for: a bit each.
struct ThreadSignals {
  std::uint64_t blocked = 0;
  std::uint64_t caught = 0;
};

ThreadSignals read_thread_signals(const fs::path& status) {
  std::ifstream words(status);
  ThreadSignals signals;
  for (std::string word; words >> word;) {
    if (word == "SigBlk:") words >> std::hex >> signals.blocked;
    if (word == "SigCgt:") words >> std::hex >> signals.caught;
  }
  return signals;
}

class HostileWorld : public testing::Test {
 protected:
  // Copies the small MNIST, for a test to spoil.
  std::string copied_data() const {
    const fs::path data = folder_ / "data";
    fs::copy(small_mnist(), data);
    return data.string();
  }

  // Trains on data whose test split is of no use: to be said before the training.
  void expect_refused_before_training(const std::string& data, const std::string& wanted) const {
    const CommandResult result = digitry({"train", "--data", data, "--out", run_});
    EXPECT_EQ(result.exit_status, 3);
    EXPECT_THAT(result.err, HasSubstr(wanted));
    EXPECT_THAT(result.err, Not(HasSubstr("epoch")));
    EXPECT_FALSE(fs::exists(run_)) << "a refused run leaves no folder";
  }

  void wait_for(const std::string& name, ChildProcess& child) const {
    for (int i = 0; i < 6000 && !fs::exists(run_ + "/" + name) && child.running(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  const TemporaryFolder folder_;
  const std::string run_ = folder_ / "run";
};

TEST_F(HostileWorld, TestLabelsOfNoClassAreRefusedBeforeTheTraining) {
  const std::string data = copied_data();
  write_idx_labels(data + "/t10k-labels-idx1-ubyte", std::vector<std::int32_t>(1000, 12));
  expect_refused_before_training(data,
                                 "t10k-labels-idx1-ubyte: expected labels in [0, 9], found 12");
}

TEST_F(HostileWorld, TestImagesOfAnotherSizeAreRefusedBeforeTheTraining) {
  const std::string data = copied_data();
  write_idx_images(data + "/t10k-images-idx3-ubyte", Tensor({1000, 1, 14, 14}, DType::kU8));
  expect_refused_before_training(data, data + ": expected images of [1,28,28]");
}

TEST_F(HostileWorld, ACheckpointThatDoesNotFitOnTheDiskStopsNoTraining) {
  // The limit is between the sizes of the model (about 400 KB) and the checkpoint, which is several
  // times as large.
  const std::string train = "ulimit -f 800; exec '" + command_path().string() +
                            "' train --recipe notebook --epochs 2 --threads 1 --no-report "
                            "--checkpoint-every 0 --data '" +
                            small_mnist().string() + "' --out '" + run_ + "'";
  const CommandResult result = run_command({"bash", "-c", train});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_TRUE(fs::exists(run_ + "/model.safetensors"));
  EXPECT_TRUE(fs::exists(run_ + "/metrics.json"));
  const auto first = result.err.find("warning: could not save the checkpoint");
  EXPECT_NE(first, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("could not save", first + 20), std::string::npos) << "warned of once";
}

TEST_F(HostileWorld, AReportThatCannotBeWrittenHidesNoResult) {
  std::vector<std::string> arguments{"digitry",  "train", "--data",   small_mnist().string(),
                                     "--out",    run_,    "--recipe", "notebook",
                                     "--epochs", "40"};
  ChildProcess child(arguments, {.environment = {{"OMP_NUM_THREADS", "1"}}});
  wait_for("config.toml", child);
  fs::create_directories(run_ + "/report.html/in the way");
  const CommandResult result = child.wait();
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, HasSubstr("test accuracy"));
  EXPECT_THAT(result.err, HasSubstr("warning: could not write the report"));
  EXPECT_THAT(result.err, HasSubstr("digitry report " + run_));
}

TEST_F(HostileWorld, AnIgnoredInterruptStaysIgnored) {
  const std::string train =
      "trap '' INT; exec '" + command_path().string() +
      "' train --recipe notebook --epochs 20 --threads 1 --no-report --data '" +
      small_mnist().string() + "' --out '" + run_ + "'";
  ChildProcess child({"bash", "-c", train});
  wait_for("config.toml", child);
  child.send_signal(SIGINT);
  const CommandResult result = child.wait();
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_TRUE(fs::exists(run_ + "/metrics.json"));
}

// A handler's frame would overwrite the heap where oneDNN's products keep the stack register there.
TEST_F(HostileWorld, NoThreadThatTrainsRunsASignalHandler) {
  std::vector<std::string> arguments =
      small_training(run_, {"--epochs", "100000", "--checkpoint-every", "0.01"});
  arguments.insert(arguments.begin(), "digitry");
  ChildProcess child(arguments, {.environment = {{"OMP_NUM_THREADS", "2"}}});
  wait_for("checkpoint.safetensors", child);
  const fs::path threads = fs::path("/proc") / std::to_string(child.pid()) / "task";
  const std::uint64_t interrupts = std::uint64_t{1} << (SIGINT - 1) | std::uint64_t{1}
                                                                          << (SIGTERM - 1);
  int num_blocking = 0;
  int num_open = 0;
  for (const auto& thread : fs::directory_iterator(threads)) {
    const ThreadSignals signals = read_thread_signals(thread.path() / "status");
    ++((signals.blocked & interrupts) == interrupts ? num_blocking : num_open);
    EXPECT_EQ(signals.caught & interrupts, 0U) << thread.path();
  }
  EXPECT_EQ(num_blocking, 2) << "one for each of OMP_NUM_THREADS";
  EXPECT_EQ(num_open, 1) << "it waits for signals, and does nothing else";
  child.send_signal(SIGTERM);
  EXPECT_EQ(child.wait().exit_status, 130);
}

TEST_F(HostileWorld, ASecondInterruptEndsTheProcessAtOnce) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const Descriptor both_ends(::open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  const std::string train =
      "exec '" + command_path().string() +
      "' train --recipe notebook --epochs 100000 --checkpoint-every 0.01 --no-report --data '" +
      small_mnist().string() + "' --out '" + run_ + "' 2>'" + pipe.string() + "'";
  ChildProcess child({"bash", "-c", train}, {.environment = {{"OMP_NUM_THREADS", "1"}}});
  wait_for("checkpoint.safetensors", child);
  // The next message of the training waits for a reader, and so does the end of the training.
  const std::string block(4096, '.');
  while (::write(both_ends.get(), block.data(), block.size()) > 0) continue;
  child.send_signal(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(child.running());
  child.send_signal(SIGTERM);
  EXPECT_EQ(child.wait().exit_status, 128 + SIGTERM);
}

TEST_F(HostileWorld, ARunKnowsItsDataFromEverywhere) {
  const fs::path data = copied_data();
  const CommandResult trained = digitry({"train", "--recipe", "notebook", "--epochs", "1", "--data",
                                         "data", "--out", "run", "--no-report"},
                                        {.folder = folder_.path()});
  ASSERT_EQ(trained.exit_status, 0) << trained.err;
  EXPECT_THAT(file_bytes(run_ + "/config.toml"), HasSubstr("\"" + data.string() + "\""));
  EXPECT_EQ(digitry({"evaluate", run_}, {.folder = "/"}).exit_status, 0);
}

TEST_F(HostileWorld, ErrorsOfLayersNameTheRecipe) {
  const std::string recipe = folder_ / "my recipe.toml";
  write_file_atomically(recipe, "[[layers]]\ntype = \"dense\"\nout_features = 10\n");
  const CommandResult result =
      digitry({"train", "--recipe", recipe, "--data", small_mnist().string(), "--out", run_});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_THAT(result.err, HasSubstr(recipe + ": layers[0]"));
}

TEST_F(HostileWorld, NamesFromFilesDoNotReachTheTerminalAsControls) {
  const std::string model = folder_ / "\x1b[31mred";
  const CommandResult result = digitry({"predict", model, "images"});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_THAT(result.err, HasSubstr("[31mred"));
  EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));
}

TEST_F(HostileWorld, HintsCanBeCopiedIntoAShell) {
  const std::string run = folder_ / "my run";
  std::vector<std::string> arguments =
      small_training(run, {"--epochs", "100000", "--checkpoint-every", "0.01"});
  arguments.insert(arguments.begin(), "digitry");
  ChildProcess child(arguments, {.environment = {{"OMP_NUM_THREADS", "1"}}});
  for (int i = 0; i < 6000 && !fs::exists(run + "/checkpoint.safetensors") && child.running(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  child.send_signal(SIGINT);
  EXPECT_THAT(child.wait().err, HasSubstr("--resume --out '" + run + "'"));
}

class HostileInputs : public HostileWorld {
 protected:
  void SetUp() override {
    ASSERT_EQ(digitry(small_training(run_, {"--epochs", "1"})).exit_status, 0);
  }
  const std::string images_ = (small_mnist() / "t10k-images-idx3-ubyte").string();
};

TEST_F(HostileInputs, PredictPrintsAllOrNothing) {
  const std::string small = folder_ / "small-images-idx3-ubyte";
  write_idx_images(small, Tensor({1, 1, 14, 14}, DType::kU8));
  for (const char* format : {"--json", "--csv"}) {
    const CommandResult result = digitry({"predict", run_, images_, small, format});
    EXPECT_EQ(result.exit_status, 3);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr(small + ": expected images of [1,28,28]"));
  }
}

TEST_F(HostileInputs, PredictTakesFilesOfAnyName) {
  const std::string odd = folder_ / "[a,b]";
  fs::copy_file(images_, odd);
  const CommandResult result =
      digitry({"predict", run_, "[a,b]", odd, "--json"}, {.folder = folder_.path()});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out).size(), 2000U);
}

TEST_F(HostileInputs, PredictNeedsNoLabels) {
  const std::string data = copied_data();
  write_file_atomically(data + "/t10k-labels-idx1-ubyte", "no labels at all");
  const CommandResult result =
      digitry({"predict", run_, data + "/t10k-images-idx3-ubyte", "--json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out).size(), 1000U);
}

TEST_F(HostileInputs, AReportTakesNoWrongTypesOfMetrics) {
  auto metrics = nlohmann::json::parse(file_bytes(run_ + "/metrics.json"));
  metrics["training"]["best_epoch"] = "the third";
  write_file_atomically(run_ + "/metrics.json", metrics.dump());
  const CommandResult result = digitry({"report", run_});
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(HostileInputs, OptionsThatWouldBeIgnoredAreWrongUsage) {
  const std::string out = folder_ / "other";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"predict", run_, images_, "--probability"},
                                             {"predict", run_, images_, "--probability", "--json"},
                                             {"evaluate", run_, "--mistakes", "-1"},
                                             {"train", "--out", ""},
                                             {"train", "--out", out, "--learning-rate", "nan"},
                                             {"train", "--out", out, "--validation", "nan"},
                                             {"train", "--out", out, "--checkpoint-every", "nan"},
                                             {"data", "fetch", "--from", ""},
                                             {"data", "fetch", "--mirror", ""}}) {
    const CommandResult result = digitry(arguments, {.folder = folder_.path()});
    EXPECT_EQ(result.exit_status, 2) << testing::PrintToString(arguments) << result.err;
    EXPECT_THAT(result.out, IsEmpty());
  }
  EXPECT_FALSE(fs::exists(out));
  EXPECT_FALSE(fs::exists(folder_ / "runs"));
}

TEST_F(HostileInputs, AFullStandardOutputIsAFailure) {
  for (const std::string& arguments :
       {std::string("--version"), std::string("--help"), "evaluate '" + run_ + "'",
        "predict '" + run_ + "' '" + images_ + "' --json"}) {
    const CommandResult result = run_command(
        {"bash", "-c", "exec '" + command_path().string() + "' " + arguments + " > /dev/full"});
    EXPECT_EQ(result.exit_status, 1) << arguments;
    EXPECT_THAT(result.err, HasSubstr("standard output")) << arguments;
  }
}

}  // namespace
}  // namespace digitry::test
