#include "digitry/optim/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tests/support/errors.h"

namespace digitry {
namespace {

constexpr std::int64_t kSteps = 1001;

SchedulePoint at(std::int64_t step, std::int64_t num_steps) {
  return {.step = step, .steps_per_epoch = 10, .num_steps = num_steps};
}

TEST(ConstantSchedule, IsOne) {
  const auto schedule = make_schedule({});
  EXPECT_EQ(schedule->factor(at(0, 10)), 1);
  EXPECT_EQ(schedule->factor(at(9, 10)), 1);
}

TEST(OneCycle, StartsPeaksAndEndsWhereItSays) {
  const auto schedule =
      make_schedule(OneCycle{.warmup = 0.3, .start_divisor = 25, .end_divisor = 1e4});
  EXPECT_NEAR(schedule->factor(at(0, kSteps)), 1.0 / 25, 1e-12);
  EXPECT_NEAR(schedule->factor(at(300, kSteps)), 1.0, 1e-12);
  EXPECT_NEAR(schedule->factor(at(kSteps - 1, kSteps)), 1e-4, 1e-12);
  EXPECT_NEAR(schedule->factor(at(150, kSteps)), (1.0 + 1.0 / 25) / 2, 1e-12) << "half way up";
}

TEST(OneCycle, RisesThenFalls) {
  const auto schedule = make_schedule(OneCycle{});
  for (std::int64_t step = 1; step < kSteps; ++step) {
    const double before = schedule->factor(at(step - 1, kSteps));
    const double now = schedule->factor(at(step, kSteps));
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
        const double factor =
            make_schedule(OneCycle{.warmup = warmup})->factor(at(step, num_steps));
        EXPECT_GE(factor, 1e-4 - 1e-12);
        EXPECT_LE(factor, 1);
      }
  EXPECT_EQ(make_schedule(OneCycle{.warmup = 0})->factor(at(0, kSteps)), 1);
}

TEST(Exponential, FallsByGammaEachEpochAndEvenlyBetween) {
  const auto schedule = make_schedule(Exponential{.gamma = 0.25});
  EXPECT_EQ(schedule->factor(at(0, kSteps)), 1);
  EXPECT_NEAR(schedule->factor(at(5, kSteps)), 0.5, 1e-12);
  EXPECT_NEAR(schedule->factor(at(30, kSteps)), 0.25 * 0.25 * 0.25, 1e-12);
}

TEST(StepSchedule, FallsAtTheStartOfEveryNthEpoch) {
  const auto schedule = make_schedule(StepDecay{.every_epochs = 2, .gamma = 0.5});
  for (const auto& [step, factor] : std::vector<std::pair<std::int64_t, double>>{
           {0, 1}, {19, 1}, {20, 0.5}, {39, 0.5}, {40, 0.25}, {1000, std::pow(0.5, 50)}})
    EXPECT_EQ(schedule->factor(at(step, kSteps)), factor) << step;
}

TEST(Cosine, FallsFromOneToItsFloor) {
  const auto schedule = make_schedule(Cosine{.min_factor = 0.1});
  EXPECT_EQ(schedule->factor(at(0, kSteps)), 1);
  EXPECT_NEAR(schedule->factor(at(500, kSteps)), 0.55, 1e-12);
  EXPECT_NEAR(schedule->factor(at(1000, kSteps)), 0.1, 1e-12);
  EXPECT_EQ(schedule->factor(at(0, 1)), 1) << "a training of one step";
}

double plateau(const ReduceOnPlateau& options, const std::vector<double>& losses) {
  return make_schedule(options)->factor({.validation_losses = losses});
}

TEST(ReduceOnPlateau, FallsAfterSoManyEpochsWithoutABetterLoss) {
  const ReduceOnPlateau options{.factor = 0.5, .patience = 2, .min_factor = 0.2};
  EXPECT_EQ(plateau(options, {}), 1);
  EXPECT_EQ(plateau(options, {3, 2, 1}), 1);
  EXPECT_EQ(plateau(options, {1, 1}), 1) << "the first of two";
  EXPECT_EQ(plateau(options, {1, 1, 1}), 0.5) << "equal is not better";
  EXPECT_EQ(plateau(options, {1, 2, 0.9, 2}), 1) << "a better loss restarts the count";
  EXPECT_EQ(plateau(options, {1, 2, 2, 2}), 0.5) << "a reduction restarts the count";
  EXPECT_EQ(plateau(options, {1, 2, 2, 0.5, 0.4}), 0.5) << "the factor never rises";
  EXPECT_EQ(plateau(options, {1, 2, 2, 2, 2, 2, 2}), 0.2) << "min_factor";
}

TEST(Warmup, MultipliesAnyScheduleWithALinearRise) {
  const auto constant = make_schedule(Constant{.warmup = {.steps = 4}});
  for (const auto& [step, factor] : std::vector<std::pair<std::int64_t, double>>{
           {0, 0.25}, {1, 0.5}, {2, 0.75}, {3, 1}, {4, 1}, {100, 1}})
    EXPECT_EQ(constant->factor(at(step, kSteps)), factor) << step;
  const auto epochs = make_schedule(Exponential{.gamma = 0.5, .warmup = {.epochs = 0.5}});
  const auto base = make_schedule(Exponential{.gamma = 0.5});
  for (const std::int64_t step : {0, 1, 4, 5, 6})
    EXPECT_NEAR(epochs->factor(at(step, kSteps)),
                base->factor(at(step, kSteps)) * std::min(0.2 * static_cast<double>(step + 1), 1.0),
                1e-12)
        << step;
}

TEST(MakeSchedule, AnyFactorIsFromZeroToOneAndFinite) {
  const std::vector<ScheduleOptions> hostile{
      Exponential{.gamma = 1e-9}, StepDecay{.every_epochs = 1, .gamma = 1e-9},
      Cosine{.warmup = {.epochs = 1e6}}, Constant{.warmup = {.steps = 1'000'000'000}}};
  for (const ScheduleOptions& options : hostile)
    for (const std::int64_t step : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1} << 40}) {
      const double factor = make_schedule(options)->factor(
          {.step = step, .steps_per_epoch = 1, .num_steps = (std::int64_t{1} << 40) + 1});
      EXPECT_TRUE(factor >= 0 && factor <= 1) << factor << " at step " << step;
    }
}

TEST(ReadSchedule, FillsInDefaults) {
  const ScheduleOptions options =
      read_schedule({{"type", std::string("one_cycle")}, {"warmup", 0.2}}, "");
  EXPECT_EQ(options, ScheduleOptions(OneCycle{.warmup = 0.2}));
  EXPECT_EQ(to_attributes(options, /*all=*/true), (Attributes{{"type", std::string("one_cycle")},
                                                              {"warmup", 0.2},
                                                              {"start_divisor", 25.0},
                                                              {"end_divisor", 1e4}}));
  EXPECT_EQ(read_schedule({}, ""), ScheduleOptions(Constant{}));
}

TEST(ReadSchedule, TakesBackOptionsOfEveryType) {
  const std::int64_t two = 2;
  for (const Attributes& options : std::vector<Attributes>{
           {{"type", std::string("constant")}, {"warmup_steps", two}},
           {{"type", std::string("exponential")}, {"gamma", 0.7}},
           {{"type", std::string("step")}, {"every_epochs", two}, {"gamma", 0.3}},
           {{"type", std::string("cosine")}, {"min_factor", 0.1}, {"warmup_epochs", 1.5}},
           {{"type", std::string("reduce_on_plateau")},
            {"factor", 0.1},
            {"patience", two},
            {"min_factor", 0.25}}})
    EXPECT_EQ(to_attributes(read_schedule(options, "")), options);
}

TEST(ReadSchedule, RefusesWhatItDoesNotKnow) {
  const auto refuse = [](const std::vector<std::string>& parts, const Attributes& options) {
    test::expect_error(ErrorCode::kBadData, parts, [&] { read_schedule(options, "[schedule]"); });
  };
  const std::string one_cycle = "one_cycle";
  refuse({"[schedule]", "'type'", "constant, one_cycle, exponential", "\"linear\""},
         {{"type", std::string("linear")}});
  refuse({"unknown key 'warmup'"}, {{"warmup", 0.3}});
  refuse({"unknown key 'peak'"}, {{"type", one_cycle}, {"peak", 1.0}});
  refuse({"'warmup'", "from 0 to 0.99"}, {{"type", one_cycle}, {"warmup", 1.0}});
  refuse({"'start_divisor'"}, {{"type", one_cycle}, {"start_divisor", 0.5}});
  refuse({"'end_divisor'"}, {{"type", one_cycle}, {"end_divisor", true}});
  refuse({"unknown key 'warmup_steps'"}, {{"type", one_cycle}, {"warmup_steps", std::int64_t{3}}});
  refuse({"'warmup_steps' or 'warmup_epochs'", "both"},
         {{"warmup_steps", std::int64_t{3}}, {"warmup_epochs", 1.0}});
  refuse({"'warmup_steps'", "got -1"}, {{"warmup_steps", std::int64_t{-1}}});
  refuse({"'warmup_steps'", "an integer"}, {{"warmup_steps", 1.5}});
  refuse({"'warmup_epochs'"}, {{"warmup_epochs", std::nan("")}});
  refuse({"'gamma'", "got 0"}, {{"type", std::string("exponential")}, {"gamma", 0.0}});
  refuse({"'gamma'", "got 1.1"}, {{"type", std::string("step")}, {"gamma", 1.1}});
  refuse({"'every_epochs'", "got 0"},
         {{"type", std::string("step")}, {"every_epochs", std::int64_t{0}}});
  refuse({"'min_factor'", "got 2"}, {{"type", std::string("cosine")}, {"min_factor", 2.0}});
  const std::string plateau = "reduce_on_plateau";
  refuse({"'factor'", "got 0"}, {{"type", plateau}, {"factor", 0.0}});
  refuse({"'patience'", "got 0"}, {{"type", plateau}, {"patience", std::int64_t{0}}});
}

}  // namespace
}  // namespace digitry
