#include "digitry/vision/paper.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "tests/vision/hershey.h"

namespace digitry::test {
namespace {

cv::Mat grey_of(const Image& picture) { return make_working_grey(picture).grey; }

Image inverted(Image picture) {
  for (std::uint8_t& pixel : picture.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
  return picture;
}

Image some_text() {
  Image picture = blank_picture(240, 500);
  draw_text(picture, "31 415", {.x = 60, .y = 150, .height = 60, .thickness = 8});
  return picture;
}

Ink ink_of(const cv::Mat& grey) {
  Ink ink = find_ink(grey, find_polarity(grey).light, wide_paper_window(grey));
  ink.stroke_width = find_stroke_widths(ink).usual;
  return ink;
}

TEST(Ink, ItsPolarityIsFound) {
  EXPECT_FALSE(find_polarity(grey_of(some_text())).light);
  EXPECT_TRUE(find_polarity(grey_of(inverted(some_text()))).light);
}

TEST(Ink, UnevenLightMakesNoDifference) {
  cv::Mat grey = grey_of(some_text());
  const Ink even = ink_of(grey);
  for (int y = 0; y < grey.rows; ++y)
    for (int x = 0; x < grey.cols; ++x)
      grey.at<float>(y, x) *= 1 - 0.6F * static_cast<float>(x) / static_cast<float>(grey.cols);
  const Ink uneven = ink_of(grey);
  EXPECT_NEAR(uneven.stroke_width, even.stroke_width, 0.5);
  cv::Mat differ = strong_mask(even) != strong_mask(uneven);
  EXPECT_LT(cv::countNonZero(differ), cv::countNonZero(strong_mask(even)) / 20);
}

TEST(Ink, TheWidthOfStrokesIsMeasured) {
  EXPECT_NEAR(ink_of(grey_of(some_text())).stroke_width, 8, 1.5);
  EXPECT_EQ(ink_of(grey_of(blank_picture(300, 300))).stroke_width, 0);
}

TEST(Ink, PicturesOfAnySizeGetAMediumWorkingSize) {
  const WorkingGrey small = make_working_grey(blank_picture(28, 28));
  EXPECT_EQ(small.scale, 8);
  EXPECT_EQ(small.grey.rows, 224);
  const WorkingGrey large = make_working_grey(blank_picture(4000, 6000));
  EXPECT_NEAR(large.scale, 0.5, 1e-6);
  EXPECT_EQ(make_working_grey(blank_picture(1, 1)).grey.rows, 200);
  EXPECT_LE(make_working_grey(blank_picture(1, 60'000)).grey.cols, 8192);
}

cv::Mat turned(const cv::Mat& grey, double degrees) {
  cv::Mat result;
  const cv::Mat turn = cv::getRotationMatrix2D(
      {static_cast<float>(grey.cols) / 2, static_cast<float>(grey.rows) / 2}, -degrees, 1);
  cv::warpAffine(grey, result, turn, grey.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return result;
}

TEST(Rules, AreFoundAtTheirAngleAndRemovedExceptWhereStrokesCrossThem) {
  Image picture = blank_picture(400, 600);
  draw_text(picture, "3141", {.x = 100, .y = 220, .height = 80, .thickness = 9});
  const double ink_before = cv::sum(ink_of(grey_of(picture)).darkness)[0];
  cv::Mat grey = grey_of(picture);
  for (int y = 40; y < 400; y += 60) cv::line(grey, {0, y}, {599, y}, 170, 2);
  for (const double degrees : {0.0, 4.0, -7.0}) {
    const Ink ink = ink_of(turned(grey, degrees));
    EXPECT_NEAR(find_ruling_skew(ink), degrees, 0.3);
    Paper paper = level_paper(ink, find_ruling_skew(ink));
    EXPECT_GE(remove_rules(paper), 5) << degrees;
    EXPECT_NEAR(cv::sum(paper.ink.darkness)[0], ink_before, 0.12 * ink_before) << degrees;
  }
}

// A foot that is hardly darker than the rule that hides it has more ink across it.
TEST(Rules, LeaveTheFootOfADigitThatTheyHide) {
  for (const int darker : {0, 10}) {
    Image picture = blank_picture(240, 400);
    draw_text(picture, "1 7 1", {.x = 60, .y = 148, .height = 60, .thickness = 5});
    cv::Mat canvas = canvas_of_picture(picture);
    canvas.rowRange(149, 151) = 140;
    canvas(cv::Rect(300, 149, 40, 4)) = 140 - darker;
    const Ink ink = ink_of(grey_of(picture));
    Paper paper = level_paper(ink, 0);
    ASSERT_EQ(remove_rules(paper), 1);
    const auto ink_in = [&](int from, int to) {
      return cv::sum(paper.ink.darkness(cv::Rect(from, 147, to - from, 8)))[0] / (to - from);
    };
    EXPECT_GT(ink_in(305, 335), 3 * ink_in(345, 395) + 0.5) << darker;
  }
}

TEST(Rules, DigitsAloneHaveNone) {
  Paper paper = level_paper(ink_of(grey_of(some_text())), 0);
  const double before = cv::sum(paper.ink.darkness)[0];
  EXPECT_EQ(remove_rules(paper), 0);
  EXPECT_EQ(cv::sum(paper.ink.darkness)[0], before);
  Image seven = blank_picture(100, 70);
  draw_text(seven, "7", {.x = 5, .y = 92, .height = 85, .thickness = 9});
  Paper tight = level_paper(ink_of(grey_of(seven)), 0);
  EXPECT_EQ(remove_rules(tight), 0);
}

TEST(Skew, IsThatOfTheLinesOfBoxes) {
  for (const double slope : {0.0, 0.1, -0.15}) {
    std::vector<cv::Rect> boxes;
    for (int line = 0; line < 3; ++line)
      for (int i = 0; i < 6; ++i)
        boxes.emplace_back(i * 50, 100 + line * 90 + cvRound(slope * i * 50), 36, 50);
    EXPECT_NEAR(find_box_skew(boxes, 50), std::atan(slope) * 180 / CV_PI, 0.5);
  }
  EXPECT_EQ(find_box_skew({{0, 0, 30, 40}, {50, 20, 30, 40}}, 40), 0) << "two are too few";
}

TEST(Paper, MapsItsPixelsToThePicture) {
  Ink ink;
  ink.darkness = cv::Mat::zeros(100, 200, CV_32F);
  ink.darkness.at<float>(30, 150) = 1;
  const Paper paper = level_paper(ink, 10);
  cv::Point brightest;
  cv::minMaxLoc(paper.ink.darkness, nullptr, nullptr, nullptr, &brightest);
  const cv::Vec3d back = paper.to_working * cv::Vec3d(brightest.x, brightest.y, 1);
  EXPECT_NEAR(back[0], 150, 1);
  EXPECT_NEAR(back[1], 30, 1);
}

}  // namespace
}  // namespace digitry::test
