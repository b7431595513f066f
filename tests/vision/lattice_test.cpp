#include "digitry/vision/lattice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <string>
#include <vector>

#include "digitry/vision/reader.h"
#include "tests/vision/hershey.h"

// Tables and grids, whose cells are read one by one.

namespace digitry::test {
namespace {

// A table with these rows of cells, a letter of each a digit or a space, and its lines.
struct Table {
  Image picture;
  std::vector<std::string> rows;
};

constexpr int kPitch = 90;
constexpr int kLeft = 45;
constexpr int kTop = 40;

Table table_of(std::vector<std::string> rows, double line = 60, int thickness = 3) {
  const int columns = static_cast<int>(rows.front().size());
  const int count = static_cast<int>(rows.size());
  Table table{blank_picture(2 * kTop + count * kPitch, 2 * kLeft + columns * kPitch), rows};
  cv::Mat canvas = canvas_of_picture(table.picture);
  for (int x = 0; x <= columns; ++x)
    cv::line(canvas, {kLeft + x * kPitch, kTop}, {kLeft + x * kPitch, kTop + count * kPitch}, line,
             thickness);
  for (int y = 0; y <= count; ++y)
    cv::line(canvas, {kLeft, kTop + y * kPitch}, {kLeft + columns * kPitch, kTop + y * kPitch},
             line, thickness);
  for (int y = 0; y < count; ++y)
    for (int x = 0; x < columns; ++x)
      if (rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] != ' ')
        draw_text(table.picture,
                  std::string(1, rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)]),
                  {.x = kLeft + x * kPitch + 28,
                   .y = kTop + y * kPitch + 66,
                   .height = 46,
                   .thickness = 5});
  return table;
}

// Moves the corners of the picture by these pixels, and darkens it towards one side.
Image seen_from_aside(Image picture, float by) {
  const cv::Mat canvas = canvas_of_picture(picture);
  const auto w = static_cast<float>(canvas.cols);
  const auto h = static_cast<float>(canvas.rows);
  const cv::Point2f from[] = {{0, 0}, {w, 0}, {w, h}, {0, h}};
  const cv::Point2f to[] = {{by, by / 2}, {w - by, 0}, {w, h - by}, {0, h}};
  cv::Mat seen;
  cv::warpPerspective(canvas, seen, cv::getPerspectiveTransform(from, to), canvas.size(),
                      cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  for (int x = 0; x < seen.cols; ++x) seen.col(x) *= 1 - 0.4 * x / seen.cols;
  return {seen.rows, seen.cols, 1, {seen.datastart, seen.dataend}};
}

cv::Mat grey_picture(const Image& picture) {
  cv::Mat grey;
  Image copy = picture;
  canvas_of_picture(copy).convertTo(grey, CV_32F);
  return grey;
}

std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

TEST(FindLattice, FindsTheLinesOfATable) {
  for (const float aside : {0.0F, 12.0F}) {
    const Image picture = seen_from_aside(table_of({"4827", "9163", "5048"}).picture, aside);
    const auto lattice = find_lattice(grey_picture(picture), false, 0);
    ASSERT_TRUE(lattice) << aside;
    EXPECT_EQ(lattice->rows.size(), 4u);
    EXPECT_EQ(lattice->columns.size(), 5u);
    if (aside > 0) continue;
    const cv::Point2d crossing = lattice->crossing(1, 2);
    EXPECT_NEAR(crossing.x, kLeft + 2 * kPitch, 1.5);
    EXPECT_NEAR(crossing.y, kTop + kPitch, 1.5);
  }
}

TEST(FindLattice, FindsNoneInWritingRulesOrAFrame) {
  EXPECT_FALSE(find_lattice(grey_picture(page_of("48273", "11111")), false, 0));
  Image ruled = page_of("48273");
  cv::Mat canvas = canvas_of_picture(ruled);
  for (int y = 30; y < 250; y += 40) cv::line(canvas, {0, y}, {460, y}, 120, 2);
  EXPECT_FALSE(find_lattice(grey_picture(ruled), false, 0));
  Image framed = page_of("48273");
  canvas = canvas_of_picture(framed);
  cv::rectangle(canvas, cv::Rect(25, 20, 400, 210), 60, 3);
  EXPECT_FALSE(find_lattice(grey_picture(framed), false, 0));
}

// Black lines on white, 640×480.
struct Lines {
  cv::Mat canvas{480, 640, CV_8U, cv::Scalar(255)};

  // `dash` pixels of each 8; 8: without gaps.
  void across(int y, int left, int right, int dash = 8) {
    for (int x = left; x < right; x += 8)
      cv::line(canvas, {x, y}, {std::min(right, x + dash) - 1, y}, 0, 3);
  }
  void down(int x, int top, int bottom, int dash = 8) {
    for (int y = top; y < bottom; y += 8)
      cv::line(canvas, {x, y}, {x, std::min(bottom, y + dash) - 1}, 0, 3);
  }
  std::optional<Lattice> found() const {
    cv::Mat grey;
    canvas.convertTo(grey, CV_32F);
    return find_lattice(grey, false, 0);
  }
};

TEST(FindLattice, TakesTwoRowsOnlyIfTheyAreClosed) {
  Lines box;
  Lines ladder;  // The rows go on behind the last column.
  for (const int y : {200, 280}) {
    box.across(y, 100, 420);
    ladder.across(y, 20, 620);
  }
  for (const int x : {100, 180, 260, 340, 420}) box.down(x, 200, 280);
  for (const int x : {180, 260, 340}) ladder.down(x, 200, 280);
  ASSERT_TRUE(box.found());
  EXPECT_EQ(box.found()->columns.size(), 5U);
  EXPECT_FALSE(ladder.found());
}

TEST(FindLattice, AddsALineOfWhichOnlyPartsAreSeen) {
  Lines lines;
  for (const int y : {80, 160, 320, 400}) lines.across(y, 100, 500);
  for (const int x : {100, 200, 300, 400, 500}) lines.down(x, 80, 400);
  EXPECT_EQ(lines.found().value().rows.size(), 4U);
  // Pieces too short for a run; half of the line.
  for (int x = 110; x < 500; x += 60) lines.across(240, x, x + 36);
  EXPECT_EQ(lines.found().value().rows.size(), 5U);
}

TEST(FindLattice, LeavesOutALineThatCrossesNoOthers) {
  Lines lines;
  for (const int y : {80, 160, 240, 320}) lines.across(y, 60, 500);
  for (const int x : {60, 170, 280, 390, 500}) lines.down(x, 80, 320);
  lines.across(420, 60, 500);  // Below all columns.
  EXPECT_EQ(lines.found().value().rows.size(), 4U);
}

TEST(ReadDigits, InTheCellsOfATable) {
  EXPECT_EQ(without_spaces(
                read_text(seen_from_aside(table_of({"4827", "9163", "5048"}, 170).picture, 12))),
            "4827/9163/5048");
  const Reading reading =
      read_digits(table_of({"482", "915", "504"}).picture, hershey_classifier());
  EXPECT_EQ(reading.num_rules, 8);
  ASSERT_EQ(reading.digits.size(), 9u);
  // Boxes are in pixels of the picture.
  const PixelBox& box = reading.digits[4].box;
  EXPECT_NEAR(static_cast<double>(box.left), kLeft + kPitch + 28, 14);
  EXPECT_NEAR(static_cast<double>(box.top + box.height), kTop + kPitch + 66, 6);
}

TEST(ReadDigits, EmptyCellsAreSpaces) {
  EXPECT_EQ(read_text(table_of({"4 7", "913", "5 4"}).picture), "4 7/913/5 4");
}

TEST(ReadDigits, LeavesOutWhatStandsBesideATable) {
  Image picture = table_of({"482", "915", "504"}).picture;
  draw_text(picture, "7", {.x = 8, .y = 190, .height = 46, .thickness = 5});
  EXPECT_EQ(without_spaces(read_text(picture)), "482/915/504");
  const Reading reading = read_digits(picture, hershey_classifier());
  EXPECT_TRUE(std::ranges::any_of(reading.left_out, [](const LeftOut& left_out) {
    return left_out.reason == LeftOutReason::kOutside && left_out.box.left < 40;
  }));
}

// Squared paper, or a table that is a small part of the page.
TEST(ReadDigits, ReadsNoCellsIfMoreIsWrittenBesideThem) {
  Image picture = table_of({"4  ", "  2", "   "}).picture;
  Image page = blank_picture(picture.height + 160, picture.width + 220);
  canvas_of_picture(picture).copyTo(canvas_of_picture(page)(
      cv::Rect(0, 0, static_cast<int>(picture.width), static_cast<int>(picture.height))));
  draw_text(page, "72", {.x = 410, .y = 130, .height = 46, .thickness = 5});
  draw_text(page, "603", {.x = 400, .y = 280, .height = 46, .thickness = 5});
  draw_text(page, "3951", {.x = 60, .y = 440, .height = 46, .thickness = 5});
  const std::string text = without_spaces(read_text(page));
  EXPECT_NE(text.find("72"), std::string::npos) << text;
  EXPECT_NE(text.find("3951"), std::string::npos) << text;
}

// A digit that reaches over a line belongs to the cell with its middle, and keeps its foot.
TEST(ReadDigits, AcrossTheLinesOfATable) {
  Image picture = table_of({"482", "9 3", "504"}, 150).picture;
  draw_text(picture, "7",
            {.x = kLeft + kPitch + 28, .y = kTop + 2 * kPitch + 10, .height = 50, .thickness = 5});
  EXPECT_EQ(without_spaces(read_text(picture)), "482/973/504");
}

}  // namespace
}  // namespace digitry::test
