#include "digitry/vision/components.h"

#include <gtest/gtest.h>

namespace digitry::test {
namespace {

constexpr double kStroke = 6;

// Paper of 200×200 pixels with dark and faint bars.
Paper paper_with(const std::vector<cv::Rect>& dark, const std::vector<cv::Rect>& faint = {}) {
  Ink ink;
  ink.darkness = cv::Mat::zeros(200, 200, CV_32F);
  ink.stroke_width = kStroke;
  for (const cv::Rect& bar : faint) ink.darkness(bar).setTo(0.2);
  for (const cv::Rect& bar : dark) ink.darkness(bar).setTo(0.9);
  return level_paper(ink, 0);
}

TEST(Components, WithoutInkThereAreNone) {
  const Paper paper = paper_with({});
  EXPECT_TRUE(find_components(paper).list.empty());
  Ink all = paper.ink;
  all.darkness.setTo(1);
  EXPECT_LE(find_stroke_widths(all).usual, 202) << "all of it is ink";
}

TEST(Components, FaintInkBelongsToTheStrokeThatItContinues) {
  const Paper paper = paper_with({{50, 50, 6, 60}}, {{56, 100, 10, 6}, {60, 70, 6, 6}});
  const Components components = find_components(paper);
  ASSERT_EQ(components.list.size(), 1u);
  const Glyph glyph = cut_out(paper, components, {{components.list[0].label}, {50, 50, 6, 60}});
  EXPECT_EQ(glyph.box, cv::Rect(50, 50, 16, 60)) << "separate faint ink is left out";
}

// Together the parts are too high for the digits of this paper, of which the highest is a half.
TEST(Components, StackedPartsThatFaintInkLinksAreOneDigit) {
  const std::vector<cv::Rect> halves = {{50, 40, 20, 50}, {50, 96, 20, 50}};
  EXPECT_EQ(join_broken(find_components(paper_with(halves))).size(), 2u);
  EXPECT_EQ(join_broken(find_components(paper_with(halves, {{56, 90, 6, 6}}))).size(), 1u);
}

TEST(Components, ABarAsideOfItsDigitIsJoinedAndOneAloneIsNoDigit) {
  const cv::Rect body(60, 60, 24, 60);
  const cv::Rect bar(80, 44, 40, 6);
  const std::vector<Blob> five = join_broken(find_components(paper_with({body, bar})));
  ASSERT_EQ(five.size(), 1u);
  EXPECT_EQ(five[0].box, body | bar);
  const std::vector<Blob> apart =
      join_broken(find_components(paper_with({body, {120, 160, 40, 6}})));
  ASSERT_EQ(apart.size(), 1u);
  EXPECT_EQ(apart[0].box, body);
}

TEST(Neighbours, AreOneGroupIfOneIsDoubtfulAndBothAreNarrow) {
  const std::vector<Blob> blobs = {
      {{1}, {20, 50, 20, 60}}, {{2}, {43, 50, 20, 60}}, {{3}, {66, 50, 50, 60}}};
  const auto groups = [&](const std::vector<bool>& doubtful) {
    return group_neighbours(blobs, doubtful, 60).size();
  };
  EXPECT_EQ(groups({false, false, false}), 3u);
  EXPECT_EQ(groups({false, true, false}), 2u);
  EXPECT_EQ(groups({false, false, true}), 3u) << "too wide with its neighbour";
  EXPECT_EQ(together(blobs, {0, 1}).box, cv::Rect(20, 50, 43, 60));
  EXPECT_EQ(together(blobs, {0, 1}).labels, (std::vector<int>{1, 2}));
}

// A 5 whose bar is apart from its body, at the upper right.
TEST(OnlyDigit, IsOfPartsOfWhichOneIsLow) {
  const Blob body{{1}, {20, 60, 60, 70}};
  const Blob bar{{2}, {70, 40, 50, 40}};
  EXPECT_TRUE(may_be_only_digit({body, bar}, false)) << "there is no gap between them";
  const Blob far{{2}, {90, 40, 50, 40}};
  EXPECT_FALSE(may_be_only_digit({body, far}, false));
  EXPECT_TRUE(may_be_only_digit({body, far}, true));
  const Blob as_high{{2}, {70, 58, 50, 72}};
  EXPECT_FALSE(may_be_only_digit({body, as_high}, false)) << "a digit beside another";
  EXPECT_FALSE(may_be_only_digit({body, as_high}, true));
  EXPECT_FALSE(may_be_only_digit({body}, true));
  EXPECT_FALSE(may_be_only_digit({}, true));
  EXPECT_FALSE(may_be_only_digit({body, bar, bar, bar, bar}, true)) << "too many parts";
}

}  // namespace
}  // namespace digitry::test
