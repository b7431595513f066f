#include "digitry/report/tensorboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/evaluation/evaluate.h"
#include "digitry/image/png.h"
#include "digitry/training/run.h"
#include "tests/report/read_events.h"
#include "tests/support/run_requests.h"
#include "tests/support/temporary_folder.h"

namespace digitry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class TensorBoard : public ::testing::Test {
 protected:
  static Recipe recipe() {
    Recipe recipe;
    recipe.name = "small";
    recipe.layers = {test::flatten(), test::dense(3)};
    recipe.optimizer = Sgd{.learning_rate = 0.5, .nesterov = true};
    return recipe;
  }
  test::TemporaryFolder folder_;
};

TEST_F(TensorBoard, ShowsEachEpoch) {
  TensorBoardLog log(folder_.path(), recipe());
  EpochRecord epoch;
  epoch.epoch = 1;
  epoch.learning_rate = 0.25;
  epoch.loss = 2;
  epoch.accuracy = 0.5;
  epoch.images_per_second = 1000;
  log.add_epoch(epoch);
  // Not only at the end: a training of hours is watched.
  EXPECT_EQ(test::read_events(log.path()).size(), 3u);
  epoch.epoch = 2;
  epoch.val_loss = 1.5;
  epoch.val_accuracy = 0.625;
  log.add_epoch(epoch);
  const std::vector<test::Event> events = test::read_events(log.path());
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[2].step, 1);
  EXPECT_THAT(events[2].scalars,
              UnorderedElementsAre(Pair("train/loss", 2), Pair("train/accuracy", 0.5F),
                                   Pair("learning_rate", 0.25F), Pair("images_per_second", 1000)));
  EXPECT_EQ(events[3].step, 2);
  EXPECT_EQ(events[3].scalars.size(), 6u);
  EXPECT_EQ(events[3].scalars.at("validation/loss"), 1.5F);
  EXPECT_EQ(events[3].scalars.at("validation/accuracy"), 0.625F);
}

TEST_F(TensorBoard, HasTheRecipeAsTextAndHyperparameters) {
  const TensorBoardLog log(folder_.path(), recipe());
  const test::Event event = test::read_events(log.path()).at(1);
  EXPECT_EQ(event.text.at("recipe"), "```\n" + to_toml(recipe()) + "```\n");
  const std::string& hparams = event.plugin_data.at("_hparams_/session_start_info");
  EXPECT_THAT(hparams, HasSubstr("optimizer.learning_rate"));
  EXPECT_THAT(hparams, HasSubstr("batch_size"));
}

TEST_F(TensorBoard, StartsAResumedTrainingAgain) {
  const TensorBoardLog log(folder_.path(), recipe(), 3);
  const std::vector<test::Event> events = test::read_events(log.path());
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1].session_status, 1);
  EXPECT_EQ(events[1].step, 4);  // TensorBoard forgets this epoch and later ones.
}

TEST_F(TensorBoard, ShowsTheEvaluation) {
  const TrainedRun run = train_run(test::blobs_request(folder_.path()));
  Evaluation evaluation = run.evaluation->evaluation;
  TensorBoardLog log(folder_.path() / "events", run.recipe);
  log.add_epoch(run.history.epochs.back());
  log.add_evaluation("test", evaluation, run.evaluated_on->data);
  std::map<std::string, float> scalars;
  std::map<std::string, std::string> png;
  for (const test::Event& event : test::read_events(log.path())) {
    scalars.insert(event.scalars.begin(), event.scalars.end());
    png.insert(event.png.begin(), event.png.end());
  }
  EXPECT_EQ(scalars.at("evaluation/test_accuracy"), static_cast<float>(evaluation.accuracy));
  EXPECT_EQ(scalars.at("evaluation/test_loss"), static_cast<float>(evaluation.loss));
  EXPECT_GT(decode_png(png.at("confusion_matrix"), "confusion matrix").width, 100);
  EXPECT_EQ(png.contains("mistakes"), !evaluation.mistakes.empty());
}

}  // namespace
}  // namespace digitry
