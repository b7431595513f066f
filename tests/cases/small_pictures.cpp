#include "tests/cases/small_pictures.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace digitry::test {
namespace {

constexpr int kSmallSide = 28;

int pick(RandomStream& random, int low, int high) {
  return low + static_cast<int>(random.next_below(static_cast<std::uint32_t>(high - low + 1)));
}

// The ink of the digit, 0 to 255, where its options place it.
cv::Mat place(cv::Mat digit, InkPlace placement, RandomStream& random) {
  if (placement == InkPlace::kAsItIs) return digit;
  const cv::Rect box = cv::boundingRect(digit);
  cv::Mat ink = digit(box).clone();
  if (placement != InkPlace::kShifted) {
    const int side = placement == InkPlace::kSmall ? pick(random, 12, 18) : pick(random, 24, 28);
    const double factor = static_cast<double>(side) / std::max(box.width, box.height);
    cv::resize(
        ink, ink,
        {std::max(1, cvRound(box.width * factor)), std::max(1, cvRound(box.height * factor))}, 0, 0,
        factor < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
  }
  cv::Mat placed = cv::Mat::zeros(kSmallSide, kSmallSide, CV_8U);
  ink.copyTo(placed({pick(random, 0, kSmallSide - ink.cols), pick(random, 0, kSmallSide - ink.rows),
                     ink.cols, ink.rows}));
  return placed;
}

}  // namespace

Image draw_small_picture(const Tensor& images, std::int64_t image_index,
                         const SmallPictureOptions& options, RandomStream& random) {
  const auto* pixels = images.as<std::uint8_t>().data() + image_index * kSmallSide * kSmallSide;
  const cv::Mat ink =
      place(cv::Mat(kSmallSide, kSmallSide, CV_8U, const_cast<std::uint8_t*>(pixels)).clone(),
            options.place, random);
  int paper = options.light_ink ? 0 : 255;
  int pen = 255 - paper;
  if (!options.full_contrast) {
    const int contrast = pick(random, 100, 200);
    const int dark = pick(random, 0, 255 - contrast);
    paper = options.light_ink ? dark : dark + contrast;
    pen = options.light_ink ? dark + contrast : dark;
  }
  const bool color = options.coding == Coding::kColor;
  const bool opacity = options.coding == Coding::kOpaque || options.coding == Coding::kOpacity ||
                       options.coding == Coding::kLastRow;
  Image picture{kSmallSide, kSmallSide, opacity ? 4 : color ? 3 : 1, {}};
  for (int y = 0; y < kSmallSide; ++y)
    for (int x = 0; x < kSmallSide; ++x) {
      const int covered = ink.at<std::uint8_t>(y, x);
      const bool in_opacity = options.coding == Coding::kOpacity;
      const bool cut =
          options.coding == Coding::kLastRow && (y + 1 == kSmallSide || x + 1 == kSmallSide);
      auto value =
          static_cast<std::uint8_t>(in_opacity ? pen : paper + (pen - paper) * covered / 255);
      if (options.coding == Coding::kUnit) value = (covered >= 128) == options.light_ink ? 1 : 0;
      if (cut) value = 0;
      picture.pixels.insert(picture.pixels.end(), opacity ? 3U : color ? 3U : 1U, value);
      if (opacity)
        picture.pixels.push_back(static_cast<std::uint8_t>(in_opacity ? covered : cut ? 0 : 255));
    }
  return picture;
}

SmallPictureOptions random_small_picture_options(RandomStream& random) {
  return {.place = static_cast<InkPlace>(random.next_below(kNumPlacements)),
          .coding = static_cast<Coding>(random.next_below(kNumCodings)),
          .light_ink = random.next_below(2) == 0,
          .full_contrast = random.next_below(2) == 0};
}

}  // namespace digitry::test
