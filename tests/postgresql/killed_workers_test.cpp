#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "digitry/base/file.h"
#include "digitry/tuning/study.h"
#include "tests/postgresql/shared_server.h"
#include "tests/support/blobs.h"
#include "tests/tuning/study_places.h"

// Worker processes whose trials only take time, killed at random moments together with the server.

namespace digitry::test {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kWorkers = 8;

struct Load {
  std::int64_t trials = 60;
  Seconds trial{0.03};
  int worker_kills = 0;
  int server_kills = 0;
};

class KilledWorkers : public testing::Test {
 protected:
  // Runs the trials of a new study; returns the seconds that it took.
  double run(const Load& load) {
    make_study(load.trials);
    const Clock::time_point start = Clock::now();
    std::vector<pid_t> workers;
    for (int i = 0; i < kWorkers; ++i) workers.push_back(start_worker(load));
    std::mt19937 random(std::random_device{}());
    const int kills = load.worker_kills + load.server_kills;
    for (int i = 0; i < kills; ++i) {
      // At a random moment of this part of the work.
      const double done = (i + std::uniform_real_distribution<>(0.1, 0.9)(random)) / kills;
      wait_for(static_cast<std::int64_t>(done * static_cast<double>(load.trials)));
      std::this_thread::sleep_for(load.trial * std::uniform_real_distribution<>(0, 1)(random));
      if (i * load.server_kills / kills != (i + 1) * load.server_kills / kills) {
        shared_server().kill();
        shared_server().start();
      } else {
        pid_t& worker = workers[random() % kWorkers];
        ::kill(worker, SIGKILL);
        EXPECT_EQ(waitpid(worker, nullptr, 0), worker);
        worker = start_worker(load);
      }
    }
    for (const pid_t worker : workers) {
      int status = 0;
      EXPECT_EQ(waitpid(worker, &status, 0), worker);
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
    return Seconds(Clock::now() - start).count();
  }

  // Every trial has ended once; a worker that is killed after that may not have counted it.
  void check(const Load& load) const {
    std::map<std::int64_t, int> counted;
    std::istringstream lines(read_file(counts_, 1 << 20));
    for (std::int64_t id = 0; lines >> id;) ++counted[id];
    for (const auto& [id, times] : counted) EXPECT_EQ(times, 1) << id;
    EXPECT_GE(std::ssize(counted), load.trials - load.worker_kills);
    Study study(url_);
    EXPECT_EQ(study.num_open(), 0);
    ASSERT_EQ(std::ssize(study.trials()), load.trials);
    for (const Trial& trial : study.trials()) {
      EXPECT_EQ(trial.state, TrialState::kFinished) << trial.id;
      EXPECT_EQ(trial.epochs, 2) << trial.id;
    }
  }

 private:
  void make_study(std::int64_t num_trials) const {
    StudySettings settings;
    settings.recipe = blob_recipe();
    settings.space =
        parse_search_space("[\"optimizer.learning_rate\"]\nlow = 0.001\nhigh = 0.1", "space");
    settings.num_trials = num_trials;
    Study::create(url_, settings);
    write_file_atomically(counts_, "");
  }

  pid_t start_worker(const Load& load) const {
    const pid_t child = fork();
    if (child != 0) return child;
    // A worker that begins while the server is down fails at once; whoever starts it tries again.
    int status = 1;
    for (int attempt = 0; attempt < 100 && status != 0; ++attempt) {
      try {
        work(load);
        status = 0;
      } catch (const std::exception& error) {
        fmt::print(stderr, "worker: {}\n", error.what());
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    }
    _exit(status);
  }

  void work(const Load& load) const {
    Study study(url_);
    while (true) {
      const std::optional<Trial> trial = study.begin_trial();
      if (!trial && study.num_open() == 0) return;
      if (!trial) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        continue;
      }
      bool held = true;
      for (int epoch = 1; epoch <= 2 && held; ++epoch) {
        std::this_thread::sleep_for(load.trial / 2);
        held = study.record_epoch(trial->id, epoch, 0.5, 1, epoch);
      }
      if (held && study.end_trial(trial->id, TrialState::kFinished))
        append_line(counts_, std::to_string(trial->id));
    }
  }

  static void append_line(const std::string& path, const std::string& line) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "a"), std::fclose);
    fmt::print(file.get(), "{}\n", line);
  }

  void wait_for(std::int64_t num_ended) const {
    const auto ended = [&] {
      const std::string lines = read_file(counts_, 1 << 20);
      return std::ranges::count(lines, '\n') >= num_ended;
    };
    for (int i = 0; i < 60'000 && !ended(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }

  const TemporaryFolder folder_;
  const std::string url_ = study_location(folder_.path(), "killed");
  const std::string counts_ = folder_ / "counts";
};

TEST_F(KilledWorkers, LeaveNoTrialUndoneAndNoneDoneTwice) {
  const Load load{.worker_kills = 4, .server_kills = 2};
  run(load);
  check(load);
}

// Minutes; docs/many_machines.md has the figures: --gtest_also_run_disabled_tests.
TEST_F(KilledWorkers, DISABLED_TwentyOfEach) {
  const Load load{.trials = 800, .trial = Seconds(0.2), .worker_kills = 20, .server_kills = 20};
  const double seconds = run(load);
  check(load);
  fmt::print("800 trials of 0.2 s in {:.1f} s, 20 workers and 20 servers killed\n", seconds);
}

TEST_F(KilledWorkers, DISABLED_TimeInTrials) {
  const Load load{.trials = 400, .trial = Seconds(0.2)};
  const double seconds = run(load);
  check(load);
  fmt::print("400 trials of 0.2 s, 8 workers: {:.2f} s, {:.1f} % of their time in trials\n",
             seconds, 100 * 400 * 0.2 / (kWorkers * seconds));
}

}  // namespace
}  // namespace digitry::test
