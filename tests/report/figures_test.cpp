#include "digitry/report/figures.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "digitry/base/error.h"
#include "digitry/base/text.h"
#include "digitry/report/attribution.h"
#include "tests/report/report_content.h"

namespace digitry {
namespace {

using test::ContentOptions;
using test::count_of;
using test::make_content;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string svg_of(const Figure& figure) { return draw({{figure, FigureFormat::kSvg}})[0]; }

TEST(Heat, OneMistakeShowsAndTheMostIsDarkest) {
  EXPECT_EQ(mistake_level(0, 100), 0);
  EXPECT_EQ(mistake_level(1, 100), 1);
  EXPECT_EQ(mistake_level(100, 100), kHeatLevels);
  EXPECT_LT(mistake_level(10, 100), mistake_level(50, 100));
  EXPECT_EQ(mistake_level(1, 1), 1);
  EXPECT_EQ(recall_level(0), 0);
  EXPECT_EQ(recall_level(0.01), 1);
  EXPECT_EQ(recall_level(1), kHeatLevels);
  EXPECT_EQ(largest_mistake({{9, 2}, {3, 9}}), 3);
}

TEST(GnuplotQuoted, LeavesNothingToInterpret) {
  EXPECT_EQ(gnuplot_quoted("a 1'\"`\\"), R"("a 1\0047\0042\0140\0134")");
  EXPECT_EQ(gnuplot_quoted("a\nb\x01\xFF→"), "\"a b \xEF\xBF\xBD→\"");
}

TEST(GnuplotQuoted, IsDrawnAsItIs) {
  std::string text;
  for (char c = '!'; c <= '~'; ++c) text += std::string(1, c) + "07";
  const Figure figure{2000, 100,
                      "set xlabel " + gnuplot_quoted(text) + " noenhanced\nplot [0:1] x"};
  const std::string svg = draw({{figure, FigureFormat::kSvg}})[0];
  for (const auto& [from, to] : {std::pair("&", "&amp;"), {"<", "&lt;"}})
    text = replace_all(std::move(text), from, to);
  EXPECT_TRUE(svg.find(">" + text + "<") != std::string::npos) << svg;
}

TEST(Draw, PngIsTwiceTheSize) {
  const Figure figure = curves_figure(make_content().history);
  const std::string png = draw({{figure, FigureFormat::kPng}})[0];
  ASSERT_THAT(png, StartsWith("\x89PNG"));
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(png.at(i)); };
  EXPECT_EQ(byte(18) << 8 | byte(19), 2 * figure.width);
  EXPECT_EQ(byte(22) << 8 | byte(23), 2 * figure.height);
}

TEST(Draw, AFigureThatGnuplotRefusesIsAnErrorWithItsWords) {
  const Figure broken{100, 100, "no such command"};
  try {
    draw({{broken, FigureFormat::kSvg}});
    ADD_FAILURE() << "it was drawn";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("invalid command"));
  }
}

TEST(Curves, ShowBothCurvesAndTheBestEpoch) {
  const std::string svg = svg_of(curves_figure(make_content().history));
  EXPECT_EQ(count_of(svg, ">training<"), 2u);
  EXPECT_EQ(count_of(svg, ">validation<"), 2u);
  EXPECT_EQ(count_of(svg, ">best: epoch 3<"), 2u);
}

TEST(Curves, WithoutValidationShowTrainingAlone) {
  History history = make_content().history;
  history.best_epoch = 0;
  for (EpochRecord& record : history.epochs) {
    record.val_loss.reset();
    record.val_accuracy.reset();
  }
  const std::string svg = svg_of(curves_figure(history));
  EXPECT_EQ(count_of(svg, ">training<"), 2u);
  EXPECT_EQ(count_of(svg, ">validation<"), 0u);
  EXPECT_EQ(count_of(svg, "best"), 0u);
}

TEST(Curves, AreDrawnOfAnyHistory) {
  History history = make_content(ContentOptions{.num_epochs = 1}).history;
  history.epochs[0].val_loss = history.epochs[0].loss;  // A range of nothing.
  EXPECT_THAT(svg_of(curves_figure(history)), HasSubstr("</svg>"));
  history.epochs[0].loss = std::numeric_limits<double>::quiet_NaN();
  history.epochs[0].val_loss = std::numeric_limits<double>::infinity();
  EXPECT_THAT(svg_of(curves_figure(history)), HasSubstr("</svg>"));
  EXPECT_THAT(svg_of(curves_figure(make_content(ContentOptions{.num_epochs = 1000}).history)),
              HasSubstr("1000</text>"));
}

TEST(Curves, OfThePageAreInItsColours) {
  const History history = make_content().history;
  const Figure figure = loss_figure(history);
  const std::string drawn = draw({{figure, FigureFormat::kSvgClear}})[0];
  const std::string svg = themed_svg(drawn, "loss-");
  EXPECT_THAT(svg, StartsWith("<svg"));
  for (const char* variable :
       {"var(--training)", "var(--validation)", "var(--muted)", "var(--line)", "loss-6"}) {
    EXPECT_THAT(svg, HasSubstr(variable));
  }
  for (const char* gone : {"rgb(", "gpPt", "Helvetica", "<title>", "\n width="}) {
    EXPECT_THAT(svg, Not(HasSubstr(gone)));
  }
}

TEST(Confusion, HasEveryCountAndEveryName) {
  const Evaluation e =
      make_content(ContentOptions{.class_names = {"ant", "bee", "cow"}}).evaluation;
  const std::string svg = svg_of(confusion_figure(e));
  for (const char* name : {"ant", "bee", "cow"}) {
    EXPECT_EQ(count_of(svg, std::string(">") + name + "<") +
                  count_of(svg, std::string("> ") + name + "<"),
              2u);
  }
  for (const auto& row : e.confusion) {
    for (const std::int64_t count : row) {
      if (count == 0) continue;
      EXPECT_THAT(svg, HasSubstr(fmt::format("{}</text>", count)));
    }
  }
}

TEST(Confusion, NamesAreNoCommands) {
  const std::vector<std::string> names = {"<script>", "'; print 'x'; '", "\"; print 1",
                                          "`id`",     "100%\\n",         "\xFF"};
  const ReportContent content = make_content(ContentOptions{.class_names = names});
  const std::string svg = svg_of(confusion_figure(content.evaluation));
  EXPECT_THAT(svg, HasSubstr("&lt;script>"));
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
  EXPECT_THAT(svg, HasSubstr("`id`"));
  EXPECT_THAT(svg, HasSubstr("'; print 'x'; '"));
  EXPECT_THAT(svg, HasSubstr("100%\\n"));
  const std::string mistakes =
      svg_of(mistakes_figure(content.evaluation, Thumbnailer(content.images)));
  EXPECT_THAT(mistakes, HasSubstr("&lt;script>"));
  EXPECT_THAT(mistakes, Not(HasSubstr("<script>")));
}

TEST(Confusion, IsDrawnOfTwoAndOfFiftyClasses) {
  for (const std::size_t num_classes : {2u, 50u}) {
    const ReportContent content = make_content(ContentOptions{
        .num_images = 500, .class_names = std::vector<std::string>(num_classes, "A name")});
    EXPECT_THAT(svg_of(confusion_figure(content.evaluation)), HasSubstr("</svg>"));
  }
}

TEST(Mistakes, ShowsTheMostConfidentOnes) {
  const ReportContent content =
      make_content(ContentOptions{.num_images = 200, .height = 20, .width = 31});
  const std::string svg = svg_of(mistakes_figure(content.evaluation, Thumbnailer(content.images)));
  EXPECT_EQ(count_of(svg, "<image "), 24u);
  EXPECT_EQ(count_of(svg, "image-rendering:pixelated"), 24u);
  EXPECT_EQ(count_of(svg, " → "), 24u);
}

}  // namespace
}  // namespace digitry
