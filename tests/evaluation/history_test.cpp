#include "digitry/evaluation/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/base/error.h"

namespace digitry {
namespace {

using ::testing::HasSubstr;

EpochRecord record(std::int64_t epoch) {
  EpochRecord e;
  e.epoch = epoch;
  e.learning_rate = 0.001;
  e.loss = 0.1 + 0.2;  // 0.30000000000000004: needs all 17 digits.
  e.accuracy = 1.0 / 3;
  e.val_loss = 1e-300;
  e.val_accuracy = 0.98;
  e.images_per_second = 123456.75;
  e.elapsed_seconds = 2.5;
  return e;
}

TEST(HistoryCsv, IsLaidOutAsCsvLoggerDoes) {
  History history;
  history.epochs = {record(1)};
  EXPECT_EQ(to_csv(history),
            "epoch,accuracy,loss,val_accuracy,val_loss,learning_rate,images_per_second,"
            "elapsed_seconds\n"
            "1,0.3333333333333333,0.30000000000000004,0.98,1e-300,0.001,123456.75,2.5\n");
}

TEST(HistoryCsv, RoundTripsExactly) {
  History history;
  history.epochs = {record(1), record(2), record(7)};
  history.epochs[1].val_loss.reset();
  history.epochs[1].val_accuracy.reset();
  const History read = history_from_csv(to_csv(history), "history.csv");
  ASSERT_EQ(read.epochs.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const EpochRecord &a = history.epochs[i], &b = read.epochs[i];
    EXPECT_EQ(a.epoch, b.epoch);
    EXPECT_EQ(a.learning_rate, b.learning_rate);
    EXPECT_EQ(a.loss, b.loss);
    EXPECT_EQ(a.accuracy, b.accuracy);
    EXPECT_EQ(a.val_loss, b.val_loss);
    EXPECT_EQ(a.val_accuracy, b.val_accuracy);
    EXPECT_EQ(a.images_per_second, b.images_per_second);
    EXPECT_EQ(a.elapsed_seconds, b.elapsed_seconds);
  }
  EXPECT_EQ(read.best_epoch, 0);
}

TEST(HistoryCsv, ReadsForeignColumnsAndLineEnds) {
  const History history =
      history_from_csv("epoch,loss,lr,accuracy\r\n0,0.5,9,0.75\r\n1,0.25,9,0.875\r\n", "k.csv");
  ASSERT_EQ(history.epochs.size(), 2u);
  EXPECT_EQ(history.epochs[1].loss, 0.25);
  EXPECT_EQ(history.epochs[1].accuracy, 0.875);
  EXPECT_FALSE(history.epochs[1].val_loss.has_value());
}

TEST(HistoryCsv, AnEmptyHistoryIsAHeader) {
  EXPECT_TRUE(history_from_csv(to_csv({}), "history.csv").epochs.empty());
}

TEST(HistoryCsv, RefusesBrokenFilesNamingTheLine) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"", "h.csv: line 1: expected a header with a column epoch"},
      {"epoch,loss\n1,2\n", "h.csv: line 1: expected a header with a column accuracy"},
      {"epoch,loss,accuracy,loss\n", "h.csv: line 1: duplicate column loss"},
      {"epoch,loss,accuracy\n1,2\n", "h.csv: line 2: expected 3 columns, got 2"},
      {"epoch,loss,accuracy\n1,2,1\n2,x,1\n", "h.csv: line 3: loss: expected a number, got \"x\""},
      {"epoch,loss,accuracy\n1,2 ,1\n", "h.csv: line 2: loss: expected a number, got \"2 \""},
      {"epoch,loss,accuracy\n1,NA,1\n", "h.csv: line 2: loss: expected a number, got \"NA\""},
      {"epoch,loss,accuracy\n1.5,2,1\n", "h.csv: line 2: epoch: expected a number, got \"1.5\""},
      {"epoch,loss,accuracy\n2,1,1\n2,1,1\n",
       "h.csv: line 3: expected increasing epochs, got 2 after 2"},
  };
  for (const auto& c : cases) {
    try {
      history_from_csv(c.text, "h.csv");
      ADD_FAILURE() << "accepted: " << c.text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadData);
      EXPECT_THAT(error.what(), HasSubstr(c.message));
    }
  }
}

}  // namespace
}  // namespace digitry
