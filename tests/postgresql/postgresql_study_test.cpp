#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "digitry/base/log.h"
#include "digitry/tuning/database.h"
#include "digitry/tuning/study.h"
#include "digitry/tuning/study_tables.h"
#include "tests/postgresql/shared_server.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/tuning/study_places.h"

namespace digitry::test {
namespace {

using testing::HasSubstr;
using testing::Not;

}  // namespace

std::string study_location(const std::filesystem::path& folder, const std::string& name) {
  return shared_server().url(name + "-" + std::to_string(std::hash<std::string>()(folder)));
}

namespace {

class PostgresqlStudy : public testing::Test {
 protected:
  PostgresqlStudy() {
    settings_.recipe = blob_recipe();
    settings_.space =
        parse_search_space("[\"optimizer.learning_rate\"]\nlow = 0.001\nhigh = 0.1", "space");
    settings_.sampler = "random";
    Study::create(url_, settings_);
  }

  // The URL with another part in place of one of its parts.
  std::string with(const std::string& part, const std::string& other) const {
    std::string url = url_;
    return url.replace(url.find(part), part.size(), other);
  }

  StudySettings settings_;
  const TemporaryFolder folder_;
  const std::string url_ = study_location(folder_.path(), "study");
};

TEST_F(PostgresqlStudy, NeverShowsThePassword) {
  const Study study(url_);
  EXPECT_THAT(study.name(), HasSubstr("postgresql://digitry@127.0.0.1:"));
  const auto problem = [](const std::string& url) {
    try {
      const Study opened(url);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  const std::string wrong = problem(with("a%20secret%2F%40", "wrong-secret"));
  EXPECT_THAT(wrong, HasSubstr("cannot connect"));
  EXPECT_THAT(wrong, HasSubstr("password authentication failed for user \"digitry\""));
  EXPECT_THAT(wrong, Not(HasSubstr("wrong-secret")));
  // Not encoded, so that a part of it is taken for a host or a port.
  for (const char* password : {"my/secret", "my@secret", "my:secret@", "%secret"})
    EXPECT_THAT(problem(with("a%20secret%2F%40", password)), Not(HasSubstr("secret"))) << password;
}

TEST_F(PostgresqlStudy, TakesThePasswordFromTheEnvironment) {
  const std::string url = with(":a%20secret%2F%40@", "@");
  expect_error(ErrorCode::kUnavailable, {"no password supplied"}, [&] { Study study(url); });
  setenv("PGPASSWORD", PostgresqlServer::kPassword, 1);
  EXPECT_EQ(Study(url).begin_trial()->id, 1);
  unsetenv("PGPASSWORD");
}

TEST_F(PostgresqlStudy, SaysWhatIsWrong) {
  const std::string port = std::to_string(shared_server().port());
  expect_error(ErrorCode::kUnavailable, {"cannot connect", "refused"},
               [&] { Study study(with(port, "1")); });
  expect_error(ErrorCode::kUnavailable, {"database \"absent\" does not exist"},
               [&] { Study study(with("/postgres", "/absent")); });
  expect_error(ErrorCode::kInvalidArgument, {"lower-case letters", "got 'A B'"},
               [&] { Study study(with("study=", "study=A B&x=")); });
  expect_error(ErrorCode::kInvalidArgument, {"expected postgresql://"},
               [&] { Study study(url_ + "&unknown=1"); });
  expect_error(ErrorCode::kInvalidArgument, {"exists already", "study=NAME"},
               [&] { Study::create(url_, settings_); });
  const std::string read_only = "&options=-cdefault_transaction_read_only%3Don";
  Study reader(url_ + read_only);
  EXPECT_TRUE(reader.trials().empty());
  expect_error(ErrorCode::kIo, {"read-only transaction", "no replica"},
               [&] { reader.begin_trial(); });
}

TEST_F(PostgresqlStudy, NeedsTheRightToCreateASchema) {
  run_sql(url_, "CREATE ROLE guest LOGIN PASSWORD 'guest'");
  const std::string guest = with("digitry:a%20secret%2F%40", "guest:guest");
  expect_error(ErrorCode::kIo, {"permission denied", "right to create a schema"},
               [&] { Study::create(guest + "2", settings_); });
  expect_error(ErrorCode::kBadData, {"expected a study"}, [&] { Study study(guest + "2"); });
  run_sql(url_, "DROP ROLE guest");
}

TEST_F(PostgresqlStudy, TakesOverAMinuteAfterTheServerStartedAtTheEarliest) {
  Study lost(url_);
  lost.begin_trial();
  run_sql(url_, "UPDATE trials SET heartbeat = 1, worker = 'elsewhere 1 2 boot/pid'");
  Study study(url_);
  EXPECT_EQ(study.reclaim_lost_trials(), 0) << "its process may be waiting for the server";
  // As if the server had been up for long.
  const auto database = open_database(url_, /*create=*/false);
  std::string sql = running_trials_sql(*database);
  const std::string up = database->up_since();
  ASSERT_THAT(sql, HasSubstr(up));
  const auto is_lost = [&](const std::string& since) {
    std::string with_since = sql;
    return run_sql(url_, with_since.replace(sql.find(up), up.size(), since))[0].integer(3);
  };
  EXPECT_EQ(is_lost("0"), 1);
  EXPECT_EQ(is_lost(up), 0);
}

TEST_F(PostgresqlStudy, AsksByIndex) {
  run_sql(url_,
          "INSERT INTO trials (id, state, point, parameters) SELECT id, CASE WHEN id % 1000 = 0 "
          "THEN 'running' ELSE 'finished' END, '[0.5]', '{}' FROM generate_series(1, 20000) AS id");
  run_sql(url_,
          "INSERT INTO epochs SELECT trial, epoch, 0.5, 1, 1 FROM generate_series(1, 20000) AS "
          "trial, generate_series(1, 9) AS epoch WHERE epoch = 1 OR trial % (epoch * 30) = 0");
  run_sql(url_, "ANALYZE");
  const auto database = open_database(url_, /*create=*/false);
  const auto plan = [&](const std::string& sql) {
    std::string text;
    for (const SqlRow& row : run_sql(url_, "EXPLAIN " + sql)) text += row.text(0) + "\n";
    return text;
  };
  EXPECT_THAT(plan(take_trial_sql(*database)), HasSubstr("Index Scan using trials_by_state"));
  EXPECT_THAT(plan(take_trial_sql(*database)), HasSubstr("LockRows"));
  EXPECT_THAT(plan(running_trials_sql(*database)), HasSubstr("trials_by_state"));
  const auto filled = [](std::string sql, const std::vector<std::string>& values) {
    for (std::size_t i = 0; i < values.size(); ++i)
      for (std::size_t at = 0;
           (at = sql.find("$" + std::to_string(i + 1), at)) != std::string::npos;)
        sql.replace(at, 2, values[i]);
    return sql;
  };
  const std::string scores = plan(filled(other_scores_sql(), {"7", "9"}));
  EXPECT_THAT(scores, HasSubstr("epochs_by_epoch"));
  EXPECT_THAT(scores, HasSubstr("epochs_pkey"));
  const std::string record =
      plan(filled(record_trial_sql(*database), {"7", "1", "1.0", "0.5", "1.0", "'claim'"}));
  EXPECT_THAT(record, HasSubstr("trials_pkey"));
  for (const std::string& each : {scores, record}) EXPECT_THAT(each, Not(HasSubstr("Seq Scan")));
}

TEST_F(PostgresqlStudy, LosesNothingWhenTheServerIsKilledAndStartedAgain) {
  constexpr std::int64_t kTrials = 200;
  Study(url_).set_num_trials(kTrials);
  std::mutex mutex;
  std::map<std::int64_t, int> counted;
  std::atomic<int> warnings = 0;
  std::string warning;
  set_log_sink([&](LogLevel level, std::string_view message) {
    if (level != LogLevel::kWarning) return;
    ++warnings;
    const std::lock_guard lock(mutex);
    warning = message;
  });
  const auto work = [&] {
    Study study(url_);
    while (true) {
      const std::optional<Trial> trial = study.begin_trial();
      if (!trial) return;
      for (int epoch = 1; epoch <= 3; ++epoch) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        EXPECT_TRUE(study.record_epoch(trial->id, epoch, 0.5, 1, epoch));
      }
      EXPECT_TRUE(study.end_trial(trial->id, TrialState::kFinished));
      const std::lock_guard lock(mutex);
      ++counted[trial->id];
    }
  };
  std::vector<std::thread> workers;
  for (int i = 0; i < 8; ++i) workers.emplace_back(work);
  const auto num_counted = [&] {
    const std::lock_guard lock(mutex);
    return std::ssize(counted);
  };
  for (const std::int64_t when : {20, 90, 150}) {
    while (num_counted() < when) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    when == 90 ? shared_server().stop() : shared_server().kill();
    shared_server().start();
  }
  for (std::thread& worker : workers) worker.join();
  set_log_sink({});
  EXPECT_GT(warnings, 0);
  EXPECT_THAT(warning, HasSubstr("connection lost"));
  EXPECT_THAT(warning, Not(HasSubstr("secret")));
  EXPECT_EQ(std::ssize(counted), kTrials);
  for (const auto& [id, times] : counted) EXPECT_EQ(times, 1) << id;
  Study study(url_);
  EXPECT_EQ(study.num_open(), 0);
  ASSERT_EQ(std::ssize(study.trials()), kTrials);
  for (const Trial& trial : study.trials()) EXPECT_EQ(trial.epochs, 3) << trial.id;
}

}  // namespace
}  // namespace digitry::test

int main(int argc, char** argv) {
  if (!digitry::test::PostgresqlServer::installed()) {
    fmt::print("skipped: no PostgreSQL server (Debian: postgresql)\n");
    return 77;
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
