#include "digitry/vision/cuts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

namespace digitry::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Two filled discs of 40 pixels, joined in the middle by a bar 4 pixels high.
Glyph two_discs() {
  cv::Mat drawn = cv::Mat::zeros(50, 110, CV_32F);
  cv::circle(drawn, {25, 25}, 20, 1, cv::FILLED);
  cv::circle(drawn, {85, 25}, 20, 1, cv::FILLED);
  cv::rectangle(drawn, cv::Rect(40, 23, 30, 4), 1, cv::FILLED);
  return {.box = {200, 100, 110, 50}, .ink = drawn};
}

TEST(Cuts, OneIsThroughTheBarAndCrossesIt) {
  const std::vector<Cut> cuts = find_cuts(two_discs(), 40, 4);
  const auto middle = std::ranges::find_if(
      cuts, [](const Cut& cut) { return cut.x.size() == 50 && cut.x[25] > 45 && cut.x[25] < 65; });
  ASSERT_NE(middle, cuts.end());
  EXPECT_NEAR(middle->crossed, 1, 0.3);
  for (const Cut& cut : cuts) EXPECT_LE(cut.crossed, 4);
}

TEST(Cuts, WhatLiesBetweenHasABoxOfItsOwn) {
  const Glyph glyph = two_discs();
  Cut middle;
  middle.x.assign(50, 55);
  const Glyph left = between(glyph, nullptr, &middle);
  const Glyph right = between(glyph, &middle, nullptr);
  EXPECT_EQ(left.box.x, 205);
  EXPECT_EQ(left.box.x + left.box.width, 255);
  EXPECT_EQ(right.box.x, 255);
  EXPECT_EQ(right.box.y, 105);
  EXPECT_NEAR(cv::sum(left.ink)[0] + cv::sum(right.ink)[0], cv::sum(glyph.ink)[0], 1e-3);
  Cut none;
  none.x.assign(50, 0);
  EXPECT_TRUE(between(glyph, nullptr, &none).box.empty());
}

TEST(Cuts, CrumbsOfTheNeighbourAreLeftOut) {
  Glyph glyph = two_discs();
  cv::rectangle(glyph.ink, cv::Rect(50, 2, 3, 3), 1, cv::FILLED);
  Cut cut;
  cut.x.assign(50, 54);
  EXPECT_EQ(between(glyph, nullptr, &cut).box.y, 105);
}

TEST(Cuts, TheCheapestRowOfEachLengthIsFound) {
  // Whole; in two at the first cut; in two at the second; nothing covers the middle alone.
  const std::vector<Segment> segments{{0, 3, 4}, {0, 1, 0.1}, {1, 3, 0.2}, {0, 2, 3}, {2, 3, 0}};
  const std::vector<SegmentRow> rows = cheapest_rows(segments, 3, 4);
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_THAT(rows[0].segments, IsEmpty());
  EXPECT_THAT(rows[1].segments, ElementsAre(0));
  EXPECT_DOUBLE_EQ(rows[1].cost, 4);
  EXPECT_THAT(rows[2].segments, ElementsAre(1, 2));
  EXPECT_NEAR(rows[2].cost, 0.3, 1e-12);
  EXPECT_THAT(rows[3].segments, IsEmpty());
  EXPECT_THAT(cheapest_rows(std::vector<Segment>{{0, 1, 0}, {2, 3, 0}}, 3, 2)[2].segments,
              IsEmpty())
      << "nothing covers the middle";
}

}  // namespace
}  // namespace digitry::test
