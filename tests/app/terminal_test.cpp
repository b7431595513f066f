#include "apps/digitry/terminal/terminal.h"

#include <gmock/gmock.h>

namespace digitry::app {
namespace {

using ::testing::HasSubstr;

TEST(HumanBytes, UsesBinaryUnits) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(9'912'422), "9.5 MiB");
  EXPECT_EQ(human_bytes(1024 * 1024 - 1), "1.0 MiB");
}

TEST(HumanDuration, ChoosesTheUnit) {
  EXPECT_EQ(human_duration(0.421), "0.42 s");
  EXPECT_EQ(human_duration(9.999), "10.0 s");
  EXPECT_EQ(human_duration(59.96), "1 min 00 s");
  EXPECT_EQ(human_duration(185), "3 min 05 s");
  EXPECT_EQ(human_duration(7620), "2 h 07 min");
}

TEST(RenderProgress, ShowsAllWhereThereIsRoom) {
  EXPECT_EQ(
      render_progress({.label = "epoch 1/5",
                       .done = 30'000,
                       .total = 60'000,
                       .unit = "images",
                       .elapsed_seconds = 2,
                       .note = "loss 0.21"},
                      120),
      "epoch 1/5  [############............]   50 %  30,000/60,000  15,000 images/s  2 s left  "
      "loss 0.21");
}

TEST(RenderProgress, NeverExceedsTheWidth) {
  const ProgressState state = {.label = "epoch 1/5",
                               .done = 30'000,
                               .total = 60'000,
                               .unit = "images",
                               .elapsed_seconds = 2,
                               .note = "loss 0.21"};
  for (int width = 0; width < 120; ++width)
    EXPECT_LE(render_progress(state, width).size(), static_cast<std::size_t>(width));
  EXPECT_THAT(render_progress(state, 60), HasSubstr("left"));
}

TEST(RenderProgress, UnknownTotalHasNeitherBarNorTimeLeft) {
  const std::string line = render_progress(
      {.label = "train", .done = 2048, .total = 0, .unit = "bytes", .elapsed_seconds = 2}, 80);
  EXPECT_EQ(line, "train  2.0 KiB  1.0 KiB/s");
}

TEST(RenderProgress, MoreThanTheTotalIsNoDisaster) {
  EXPECT_THAT(render_progress({.label = "x", .done = 9, .total = 3, .unit = "images"}, 80),
              HasSubstr("100 %"));
}

TEST(ProgressBarOffATerminal, WritesNothing) {
  testing::internal::CaptureStderr();
  {
    ProgressBar bar("images");
    bar.update("epoch 1", 10, 100);
    bar.finish();
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace digitry::app
