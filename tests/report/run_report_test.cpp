#include "digitry/report/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/base/file.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/support/networks.h"
#include "tests/support/temporary_folder.h"

namespace digitry {
namespace {

using ::testing::HasSubstr;

class RunReportTest : public ::testing::Test {
 protected:
  RunReportTest() {
    const Dataset data = test::blobs(60, 3);
    test::write_mnist_layout(data, folder_ / "data");
    request_.recipe.name = "blobs";
    request_.recipe.data = (folder_ / "data").string();
    request_.recipe.layers = {test::flatten(), test::dense(data.num_classes())};
    request_.recipe.epochs = 2;
    request_.recipe.validation = 0.25;
    request_.out = (folder_ / "run").string();
    request_.command = "a program";
  }

  test::TemporaryFolder folder_;
  RunRequest request_;
};

TEST_F(RunReportTest, ShowsWhatTheRunHas) {
  const TrainedRun run = train_run(request_);
  const RunFolder& folder = run.held.folder;
  const RunMetrics metrics = parse_run_metrics(run.metrics, "metrics");
  write_run_report({.folder = folder,
                    .recipe = run.recipe,
                    .metrics = metrics,
                    .history = run.history,
                    .model = run.model,
                    .evaluation = run.evaluation->evaluation,
                    .evaluated_on = run.evaluated_on->data,
                    .trained_on = run.trained_on});
  const std::string html = read_file(folder.report(), 1 << 26);
  for (const char* part : {"blobs on", "a program", "0 flatten", "1 dense", "out_features = 3"})
    EXPECT_THAT(html, HasSubstr(part));
  for (const char* figure : {"curves.svg", "confusion.png", "reliability.svg"})
    EXPECT_TRUE(path_exists(folder.figures() / figure)) << figure;
}

TEST_F(RunReportTest, OfAStoredRunIsTheSame) {
  std::string first;
  {
    const TrainedRun run = train_run(request_);
    const RunMetrics metrics = parse_run_metrics(run.metrics, "metrics");
    write_run_report({.folder = run.held.folder,
                      .recipe = run.recipe,
                      .metrics = metrics,
                      .history = run.history,
                      .model = run.model,
                      .evaluation = run.evaluation->evaluation,
                      .evaluated_on = run.evaluated_on->data,
                      .trained_on = run.trained_on});
    first = read_file(run.held.folder.report(), 1 << 26);
  }
  const StoredRun run = read_run(request_.out);
  const EvaluationData images =
      load_evaluation_data(run.recipe.data, evaluated_split(run.folder, run.metrics), run.model);
  const EvaluationResult result = evaluate(run.model, images);
  const TrainingImages trained = find_training_images(run.model);
  write_run_report({.folder = run.folder,
                    .recipe = run.recipe,
                    .metrics = run.metrics,
                    .history = run.history,
                    .model = run.model,
                    .evaluation = result.evaluation,
                    .evaluated_on = images.data,
                    .trained_on = trained});
  EXPECT_EQ(read_file(run.folder.report(), 1 << 26), first);
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
