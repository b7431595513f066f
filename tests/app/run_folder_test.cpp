#include "digitry/training/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "digitry/base/file.h"
#include "tests/app/digitry.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace fs = std::filesystem;
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(RunFolder, IsHeldByOneTrainingAtATime) {
  const TemporaryFolder folder;
  const std::string out = (folder / "run").string();
  {
    const HeldRun held = make_run_folder(out, "mlp");
    expect_error(ErrorCode::kUnavailable, {out, "another training"},
                 [&] { make_run_folder(out, "mlp"); });
    write_file_atomically(held.folder.config(), "");
    expect_error(ErrorCode::kUnavailable, {out, "another training"}, [&] { hold_run_folder(out); });
  }
  EXPECT_EQ(hold_run_folder(out).folder.path, out);
  expect_error(ErrorCode::kInvalidArgument, {out, "never overwritten"},
               [&] { make_run_folder(out, "mlp"); });
}

TEST(RunFolder, ForgetsTheHalfFilesOfATrainingThatWasKilled) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "config.toml.tmp.0123abcd", "half");
  make_run_folder(folder.path(), "mlp");
  EXPECT_THAT(folder.names(), ElementsAre());

  make_folder(folder / "figures");
  for (const char* name : {"checkpoint.safetensors.tmp.0123abcd", "model.safetensors.tmp.0123abcd",
                           "figures/curves.svg.tmp.0123abcd", "config.toml", "notes.tmp.txt"})
    write_file_atomically(folder / name, "");
  hold_run_folder(folder.path());
  EXPECT_THAT(folder.names(), ElementsAre("config.toml", "figures", "notes.tmp.txt"));
  EXPECT_TRUE(fs::is_empty(folder / "figures"));
}

TEST(RunFolder, IsFinishedOnceItIsJudgedAndHasNothingToResume) {
  const TemporaryFolder folder;
  const RunFolder run{folder.path()};
  write_file_atomically(run.model(), "");
  EXPECT_FALSE(run.finished());
  write_file_atomically(run.metrics(), "");
  EXPECT_TRUE(run.finished());
  write_file_atomically(run.checkpoint(), "");
  EXPECT_FALSE(run.finished());
}

// As kill -9 leaves it between the last step and metrics.json, where no checkpoint was due yet.
TEST(Resume, JudgesAModelThatWasSavedButNotJudged) {
  const TemporaryFolder folder;
  const std::string run = folder / "run";
  ASSERT_EQ(digitry(small_training(run)).exit_status, 0);
  const std::string model = file_bytes(run + "/model.safetensors");
  fs::remove(run + "/metrics.json");
  write_file_atomically(run + "/metrics.json.tmp.0123abcd", "half");
  const CommandResult resumed = digitry({"train", "--resume", "--no-report", "--out", run});
  EXPECT_EQ(resumed.exit_status, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("test accuracy"));
  EXPECT_EQ(file_bytes(run + "/model.safetensors"), model);
  EXPECT_TRUE(fs::exists(run + "/metrics.json"));
  EXPECT_FALSE(fs::exists(run + "/metrics.json.tmp.0123abcd"));
}

TEST(Resume, SaysWhichCheckpointIsDamagedAndWhatToDo) {
  const TemporaryFolder folder;
  const std::string run = folder / "run";
  ASSERT_EQ(digitry(small_training(run)).exit_status, 0);
  write_file_atomically(run + "/checkpoint.safetensors", "half of it");
  const CommandResult resumed = digitry({"train", "--resume", "--no-report", "--out", run});
  EXPECT_EQ(resumed.exit_status, 3);
  EXPECT_THAT(resumed.err, HasSubstr(run + "/checkpoint.safetensors: "));
  EXPECT_THAT(resumed.err, HasSubstr("remove this file"));
  fs::remove(run + "/checkpoint.safetensors");
  EXPECT_EQ(digitry({"train", "--resume", "--no-report", "--out", run}).exit_status, 2);
}

TEST(Resume, IsRefusedWhileTheTrainingRuns) {
  const TemporaryFolder folder;
  const std::string run = folder / "run";
  auto arguments = small_training(run, {"--epochs", "100000"});
  arguments.insert(arguments.begin(), "digitry");
  ChildProcess child(arguments, {.environment = {{"OMP_NUM_THREADS", "1"}}});
  for (int i = 0; i < 6000 && !fs::exists(run + "/config.toml") && child.running(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const CommandResult second = digitry({"train", "--resume", "--out", run});
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_THAT(second.err, HasSubstr("another training"));
  EXPECT_EQ(digitry(small_training(run)).exit_status, 1);
  child.send_signal(SIGKILL);
  child.wait();
}

}  // namespace
}  // namespace digitry::test
