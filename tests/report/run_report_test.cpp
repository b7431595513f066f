#include "digitry/report/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/base/file.h"
#include "tests/support/errors.h"
#include "tests/support/run_requests.h"
#include "tests/support/temporary_folder.h"

namespace digitry {
namespace {

using ::testing::HasSubstr;

class RunReportTest : public ::testing::Test {
 protected:
  test::TemporaryFolder folder_;
  RunRequest request_ = test::blobs_request(folder_.path());
};

// Writes the report of a run and returns its page.
std::string write_report(const TrainedRun& run) {
  const RunMetrics metrics = parse_run_metrics(run.metrics, "metrics");
  write_run_report({.folder = run.held.folder,
                    .recipe = run.recipe,
                    .metrics = metrics,
                    .history = run.history,
                    .model = run.model,
                    .evaluation = run.evaluation->evaluation,
                    .evaluated_on = run.evaluated_on->data,
                    .trained_on = run.trained_on});
  return read_file(run.held.folder.report(), 1 << 26);
}

TEST_F(RunReportTest, ShowsWhatTheRunHas) {
  const TrainedRun run = train_run(request_);
  const std::string html = write_report(run);
  for (const char* part : {"blobs on", "a program", "0 flatten", "1 dense", "out_features = 3"})
    EXPECT_THAT(html, HasSubstr(part));
  for (const char* figure : {"curves.svg", "confusion.png", "reliability.svg"})
    EXPECT_TRUE(path_exists(run.held.folder.figures() / figure)) << figure;
}

TEST_F(RunReportTest, OfAStoredRunIsTheSame) {
  const std::string first = write_report(train_run(request_));
  const EvaluatedRun evaluated = evaluate_run(request_.out);
  write_run_report(evaluated.report());
  EXPECT_EQ(read_file(evaluated.run.folder.report(), 1 << 26), first);
}

TEST_F(RunReportTest, IsOfFinishedRunsAlone) {
  test::expect_error(ErrorCode::kBadData, {"config.toml"}, [&] { read_run(folder_.path()); });
  train_run(request_);
  const RunFolder folder{request_.out};
  write_file_atomically(folder.metrics(), "[1]");
  test::expect_error(ErrorCode::kBadData, {"metrics.json", "JSON object"},
                     [&] { read_run(request_.out); });
  remove_file(folder.metrics());
  test::expect_error(ErrorCode::kBadData, {"not finished"}, [&] { read_run(request_.out); });
}

}  // namespace
}  // namespace digitry
