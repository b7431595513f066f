#include "digitry/report/study_page.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/report/fragments.h"
#include "tests/report/report_content.h"
#include "tests/support/errors.h"

namespace digitry::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// The score depends only on the choice.
StudyContent make_study(int trials = 40) {
  StudyContent content{
      .title = "Tuning notebook on mnist",
      .recipe = "name = \"best\"",
      .values = {{.name = "optimizer.learning_rate",
                  .ticks = {"0.0001", "0.001", "0.01"},
                  .is_choice = false},
                 {.name = "training.batch_size", .ticks = {"32", "64"}, .is_choice = true}},
      .trials = {},
      .best = 2,
      .num_fresh_seeds = 0};
  for (int i = 0; i < trials; ++i) {
    const double x = (i % 10 + 0.5) / 10;
    const bool second = i % 2 == 1;
    content.trials.push_back({.id = i + 1,
                              .state = i % 5 == 4 ? "stopped" : "finished",
                              .score = second ? 0.98 : 0.96,
                              .fresh_score = {},
                              .epochs = 3,
                              .seconds = 1.25,
                              .coordinates = {x, second ? 0.75 : 0.25},
                              .values = {fmt::format("{}", x), second ? "64" : "32"}});
  }
  return content;
}

TEST(StudyFragment, ShowsTheBestTrials) {
  StudyContent content = make_study();
  const std::string html = study_html(content);
  EXPECT_THAT(html, HasSubstr("<b>98.00 %</b> of the validation images"));
  EXPECT_THAT(html, HasSubstr("40 trials: 32 finished, 8 stopped early, 0 failed"));
  EXPECT_THAT(html, HasSubstr("2 (best)</th><td>98.00</td><td>finished</td>"));
  EXPECT_THAT(html, HasSubstr("Only the best trials are shown"));
  EXPECT_THAT(html, Not(HasSubstr("<td>96.00</td>")));
  EXPECT_THAT(html, HasSubstr("<svg"));
  content.values[0].name = "<script>";
  content.trials.resize(3);
  content.best = 0;
  const std::string few = study_html(content);
  EXPECT_THAT(few, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("Only the best")),
                         Not(HasSubstr("(best)")), HasSubstr("<td>96.00</td>")));
}

TEST(StudyPage, ShowsTheSearch) {
  StudyContent content = make_study();
  content.trials.push_back({.id = 41,
                            .state = "failed",
                            .score = 0,
                            .fresh_score = {},
                            .epochs = 0,
                            .seconds = 0,
                            .coordinates = {0.1, 0.2},
                            .values = {"<b>", "32"}});
  const std::string html = render_study_html(content);
  for (const char* part : {"98.00", "correctly, trial 2", "Tuning notebook on mnist", "&lt;b&gt;",
                           "explains 100&nbsp;%", "name = &quot;best&quot;", "<polyline",
                           "default-src 'none'", "var(--training)", "<td>–</td>"})
    EXPECT_THAT(html, HasSubstr(part));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("{{")));
  EXPECT_EQ(count_of(html, "<svg"), 4u);
  EXPECT_EQ(count_of(html, "<tr class=\"best\">"), 1u);
}

TEST(StudyPage, TellsFreshSeedsFromTheSearch) {
  StudyContent content = make_study();
  EXPECT_THAT(render_study_html(content), Not(HasSubstr("resh seeds")));
  content.num_fresh_seeds = 5;
  content.trials[1].fresh_score = 0.9712;
  const std::string html = render_study_html(content);
  for (const char* part : {"97.12<span", "mean of 5 fresh seeds (98.00&nbsp;% in the search)",
                           "<td>98.00</td><td>97.12</td>", "<td>98.00</td><td>–</td>"})
    EXPECT_THAT(html, HasSubstr(part));
}

TEST(StudyPage, PutsChoicesWhereTheirTicksAre) {
  StudyContent content = make_study(1);
  content.trials[0].coordinates[1] = 0.49;
  EXPECT_THAT(render_study_html(content), HasSubstr("470.0,250.0 "));
  content.trials[0].coordinates[1] = 0.51;
  EXPECT_THAT(render_study_html(content), HasSubstr("470.0,26.0 "));
}

TEST(StudyPage, OfFewTrialsOrNoneIsAPageToo) {
  for (const int trials : {0, 1, 2})
    EXPECT_THAT(render_study_html(make_study(trials)), HasSubstr("</html>"));
  StudyContent none = make_study(0);
  none.best = 0;
  EXPECT_THAT(render_study_html(none), HasSubstr("No trial has finished yet"));
}

TEST(StudyPage, NamesAreNeitherCommandsNorElements) {
  StudyContent content = make_study();
  content.values[0].name = "<i>'; system 'id' #";
  content.values[0].ticks = {"`id`", "\"; exit", "<b>"};
  const std::string html = render_study_html(content);
  EXPECT_THAT(html, Not(HasSubstr("<i>")));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
}

TEST(ExplainedVariance, IsTheShareOfTheValueThatMatters) {
  const auto explained = explained_variance(make_study());
  ASSERT_EQ(explained.size(), 2u);
  EXPECT_NEAR(explained[1], 1, 1e-12);
  EXPECT_LT(explained[0], 0.05);
  StudyContent same = make_study();
  for (StudyTrial& trial : same.trials) trial.score = 0.5;
  EXPECT_EQ(explained_variance(same)[1], 0);
}

TEST(StudyPage, WantsAsManyValuesAsAreSearched) {
  StudyContent content = make_study();
  content.trials[3].coordinates.pop_back();
  expect_error(ErrorCode::kShapeMismatch, {"trial 4", "expected 2"},
               [&] { render_study_html(content); });
}

}  // namespace
}  // namespace digitry::test
