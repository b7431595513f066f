#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "digitry/vision/reader.h"
#include "tests/support/errors.h"
#include "tests/vision/hershey.h"

// Where the writing is: crops, tables, boxes, colours, and what lies beside the digits.

namespace digitry::test {
namespace {

// The part of the picture with ink, and `margin` pixels around it.
Image cropped_to_ink(Image picture, int margin) {
  const cv::Mat all = canvas_of_picture(picture);
  const cv::Rect ink = cv::boundingRect(cv::Mat(all < 200));
  const cv::Mat part =
      all(cv::Rect(ink.x - margin, ink.y - margin, ink.width + 2 * margin, ink.height + 2 * margin))
          .clone();
  return {part.rows, part.cols, 1, {part.datastart, part.dataend}};
}

TEST(ReadDigits, CroppedToTheirInk) {
  for (int digit = 0; digit < 10; ++digit)
    for (const int thickness : {4, 6})
      for (const int margin : {0, 1, 4})
        for (const bool light : {false, true}) {
          Image picture = blank_picture(160, 160);
          draw_text(picture, std::to_string(digit),
                    {.x = 50, .y = 110, .height = 60, .thickness = thickness});
          picture = cropped_to_ink(std::move(picture), margin);
          if (light)
            for (std::uint8_t& pixel : picture.pixels)
              pixel = static_cast<std::uint8_t>(255 - pixel);
          EXPECT_EQ(read_text(picture), std::to_string(digit))
              << "thickness " << thickness << ", margin " << margin << (light ? ", light" : "");
        }
}

TEST(ReadDigits, ALineOfDigitsCroppedToItsInk) {
  EXPECT_EQ(read_text(cropped_to_ink(page_of("52947"), 0)), "52947");
  EXPECT_EQ(read_text(cropped_to_ink(page_of("23", "47"), 0)), "23/47");
}

// What lies beside the digits is left out, with its reason.
struct Beside {
  std::string name;
  std::optional<LeftOutReason> reason;  // None if it is not even ink.
  std::function<void(cv::Mat&)> draw;
};

std::vector<Beside> things_beside() {
  const auto line = [](cv::Point a, cv::Point b, int width) {
    return [=](cv::Mat& on) { cv::line(on, a, b, 40, width, cv::LINE_AA); };
  };
  return {
      {"pen", LeftOutReason::kLine, line({60, 230}, {330, 170}, 14)},
      {"pencil", LeftOutReason::kLine, line({100, 140}, {330, 240}, 5)},
      {"margin line", LeftOutReason::kEdge, line({20, 0}, {22, 259}, 4)},
      {"page edge", LeftOutReason::kEdge, line({0, 0}, {0, 259}, 20)},
      {"thumb", std::nullopt,
       [](cv::Mat& on) {
         cv::ellipse(on, {300, 270}, {40, 90}, 10, 0, 360, 120, cv::FILLED);
       }},
      {"holes", LeftOutReason::kDot,
       [](cv::Mat& on) {
         for (int x = 20; x < 460; x += 30) cv::circle(on, {x, 235}, 9, 60, cv::FILLED);
       }},
      {"frame", LeftOutReason::kFrame,
       [](cv::Mat& on) { cv::rectangle(on, cv::Rect(25, 20, 400, 210), 60, 3); }},
      {"smudges", LeftOutReason::kFaint,
       [](cv::Mat& on) {
         for (int x = 30; x < 440; x += 40) cv::line(on, {x, 190}, {x + 12, 195}, 185, 6);
       }},
  };
}

TEST(ReadDigits, LeavesOutWhatLiesBesideThem) {
  for (const Beside& beside : things_beside()) {
    Image picture = page_of("48273");
    cv::Mat canvas = canvas_of_picture(picture);
    beside.draw(canvas);
    EXPECT_EQ(read_text(picture), "48273") << beside.name;
    const Reading reading = read_digits(picture, hershey_classifier());
    EXPECT_TRUE(!beside.reason || std::ranges::any_of(reading.left_out,
                                                      [&](const LeftOut& left_out) {
                                                        return left_out.reason == beside.reason;
                                                      }))
        << beside.name;
  }
}

TEST(ReadDigits, OnASheetOnATable) {
  for (const int table : {20, 90})
    for (const int sides : {1, 2, 3, 4}) {
      Image picture = page_of("48273", "915");
      const cv::Mat sheet = canvas_of_picture(picture);
      cv::Mat wide;
      cv::copyMakeBorder(sheet, wide, sides > 0 ? 50 : 0, sides > 1 ? 40 : 0, sides > 2 ? 60 : 0,
                         sides > 3 ? 70 : 0, cv::BORDER_CONSTANT, table);
      EXPECT_EQ(read_text({wide.rows, wide.cols, 1, {wide.datastart, wide.dataend}}), "48273/915")
          << "table " << table << ", " << sides << " sides";
    }
}

TEST(ReadDigits, InPrintedBoxes) {
  for (const int ink : {40, 150})
    for (const int rows : {1, 3}) {
      Image picture = blank_picture(360, 460);
      cv::Mat canvas = canvas_of_picture(picture);
      for (int i = 0; i <= 4; ++i)
        cv::line(canvas, {50 + 80 * i, 40}, {50 + 80 * i, 40 + 90 * rows}, ink, 3);
      std::string text;
      for (int row = 0; row <= rows; ++row)
        cv::line(canvas, {50, 40 + 90 * row}, {370, 40 + 90 * row}, ink, 3);
      for (int row = 0; row < rows; ++row) {
        text += row > 0 ? "/" : "";
        for (int i = 0; i < 4; ++i) {
          const std::string digit = std::to_string((3 + 7 * i + 3 * row) % 10);
          draw_text(picture, digit,
                    {.x = 70 + 80 * i, .y = 110 + 90 * row, .height = 50, .thickness = 5});
          text += digit;
        }
      }
      std::string read = read_text(picture);
      std::erase(read, ' ');
      EXPECT_EQ(read, text) << rows << " rows, ink " << ink;
    }
}

TEST(ReadDigits, InColoursOfTheSameLightness) {
  const std::uint8_t paper[][3] = {{80, 200, 220}, {90, 170, 90}, {200, 120, 160}};
  const std::uint8_t pen[][3] = {{240, 150, 60}, {170, 120, 180}, {90, 170, 150}};
  const Image drawn = page_of("48273");
  for (int i = 0; i < 3; ++i) {
    Image picture{drawn.height, drawn.width, 3, {}};
    for (const std::uint8_t grey : drawn.pixels)
      for (int c = 0; c < 3; ++c)
        picture.pixels.push_back(static_cast<std::uint8_t>(
            pen[i][c] + (paper[i][c] - pen[i][c]) * (grey - 20) / (235 - 20)));
    EXPECT_EQ(read_text(picture), "48273") << i;
  }
}

TEST(ReadDigits, InARegionOfThePicture) {
  const Image picture = page_of("48273", "915");
  const PixelBox lower{0, 130, 460, 120};
  EXPECT_EQ(read_text(picture, {.region = lower}), "915");
  const Reading reading = read_digits(picture, hershey_classifier(), {.region = lower});
  ASSERT_EQ(reading.digits.size(), 3u);
  for (const ReadDigit& digit : reading.digits) EXPECT_GE(digit.box.top, 140);
  for (const PixelBox& outside : {PixelBox{-1, 0, 5, 5}, PixelBox{0, 0, 461, 5},
                                  PixelBox{460, 0, 1, 1}, PixelBox{0, 0, 0, 5}})
    expect_error(ErrorCode::kInvalidArgument, {"460x260"},
                 [&] { read_digits(picture, hershey_classifier(), {.region = outside}); });
}

TEST(ReadDigits, InTheLayoutAskedFor) {
  Image picture = blank_picture(160, 300);
  draw_text(picture, "3", {.x = 60, .y = 110, .height = 60, .thickness = 6});
  draw_text(picture, "5", {.x = 103, .y = 110, .height = 60, .thickness = 6});
  const auto digits_in = [&](Layout layout) {
    return read_digits(picture, hershey_classifier(), {.layout = layout}).digits.size();
  };
  EXPECT_EQ(digits_in(Layout::kLines), 2u);
  EXPECT_EQ(digits_in(Layout::kBoxes), 1u) << "they touch: one thing, not cut";
  draw_text(picture, "7", {.x = 180, .y = 110, .height = 60, .thickness = 6});
  EXPECT_EQ(digits_in(Layout::kBoxes), 2u);
  EXPECT_EQ(digits_in(Layout::kSingle), 1u);
}

TEST(ReadDigits, SmallOnesBesideALargeOne) {
  Image picture = blank_picture(420, 400);
  draw_text(picture, "6", {.x = 40, .y = 240, .height = 180, .thickness = 18});
  draw_text(picture, "2 5 8", {.x = 60, .y = 350, .height = 50, .thickness = 5});
  std::string read = read_text(picture);
  std::erase(read, ' ');
  EXPECT_EQ(read, "6/258");
}

}  // namespace
}  // namespace digitry::test
