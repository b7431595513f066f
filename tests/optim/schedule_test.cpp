#include "digitry/optim/schedule.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace digitry {
namespace {

constexpr std::int64_t kSteps = 1001;

TEST(ConstantSchedule, IsOne) {
  const auto schedule = make_schedule({});
  EXPECT_EQ(schedule->type(), "constant");
  EXPECT_EQ(schedule->factor(0, 10), 1);
  EXPECT_EQ(schedule->factor(9, 10), 1);
}

TEST(OneCycle, StartsPeaksAndEndsWhereItSays) {
  const auto schedule =
      make_one_cycle_schedule({.warmup = 0.3, .start_divisor = 25, .end_divisor = 1e4});
  EXPECT_NEAR(schedule->factor(0, kSteps), 1.0 / 25, 1e-12);
  EXPECT_NEAR(schedule->factor(300, kSteps), 1.0, 1e-12);
  EXPECT_NEAR(schedule->factor(kSteps - 1, kSteps), 1e-4, 1e-12);
  EXPECT_NEAR(schedule->factor(150, kSteps), (1.0 + 1.0 / 25) / 2, 1e-12) << "half way up";
}

TEST(OneCycle, RisesThenFalls) {
  const auto schedule = make_one_cycle_schedule({});
  for (std::int64_t step = 1; step < kSteps; ++step) {
    const double before = schedule->factor(step - 1, kSteps);
    const double now = schedule->factor(step, kSteps);
    if (step <= 300)
      ASSERT_GT(now, before) << step;
    else
      ASSERT_LT(now, before) << step;
  }
}

TEST(OneCycle, ShortTrainingsStayInRange) {
  for (const double warmup : {0.0, 0.3, 0.99})
    for (const std::int64_t num_steps : {1, 2, 3, 4})
      for (std::int64_t step = 0; step < num_steps; ++step) {
        const double factor = make_one_cycle_schedule({.warmup = warmup})->factor(step, num_steps);
        EXPECT_GE(factor, 1e-4 - 1e-12);
        EXPECT_LE(factor, 1);
      }
  EXPECT_EQ(make_one_cycle_schedule({.warmup = 0})->factor(0, kSteps), 1);
}

TEST(MakeSchedule, ReadsOptionsAndTellsThemAgain) {
  const auto schedule = make_schedule({{"type", std::string("one_cycle")}, {"warmup", 0.2}});
  EXPECT_EQ(schedule->type(), "one_cycle");
  EXPECT_EQ(schedule->options(),
            (Options{{"warmup", 0.2}, {"start_divisor", 25.0}, {"end_divisor", 1e4}}));
}

TEST(MakeSchedule, RefusesWhatItDoesNotKnow) {
  const auto refuse = [](const std::vector<std::string>& parts, const Options& options) {
    test::expect_error(ErrorCode::kBadData, parts, [&] { make_schedule(options); });
  };
  const std::string one_cycle = "one_cycle";
  refuse({"[schedule]", "'type'", "constant, one_cycle", "\"step\""},
         {{"type", std::string("step")}});
  refuse({"unknown key 'warmup'"}, {{"warmup", 0.3}});
  refuse({"unknown key 'peak'"}, {{"type", one_cycle}, {"peak", 1.0}});
  refuse({"'warmup'", "from 0 to 0.99"}, {{"type", one_cycle}, {"warmup", 1.0}});
  refuse({"'start_divisor'"}, {{"type", one_cycle}, {"start_divisor", 0.5}});
  refuse({"'end_divisor'"}, {{"type", one_cycle}, {"end_divisor", true}});
}

}  // namespace
}  // namespace digitry
