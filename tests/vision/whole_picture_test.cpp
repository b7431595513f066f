#include "digitry/vision/whole_picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "digitry/data/dataset.h"
#include "digitry/image/mnist_form.h"
#include "digitry/model_io/model.h"

namespace digitry {
namespace {

class PreferWholePicture : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    data_ = new Dataset(load_dataset("mnist", Split::kTrain));
    classifier_ = new Classifier(shipped_model("cnn-best"));
  }
  static void TearDownTestSuite() {
    delete classifier_;
    delete data_;
  }

  // The ink of the first training image, a 5, eight times as large, with this margin.
  static Image cropped(int margin, bool light) {
    auto* pixels = const_cast<std::uint8_t*>(data_->images.as<std::uint8_t>().data());
    const cv::Mat digit(kMnistSide, kMnistSide, CV_8U, pixels);
    cv::Mat ink;
    cv::resize(digit(cv::boundingRect(digit)), ink, {}, 8, 8, cv::INTER_NEAREST);
    cv::copyMakeBorder(ink, ink, margin, margin, margin, margin, cv::BORDER_CONSTANT, 0);
    if (!light) ink = 255 - ink;
    return {ink.rows, ink.cols, 1, {ink.datastart, ink.dataend}};
  }

  static Reading preferred(const Image& picture, Reading reading = {}) {
    prefer_whole_picture(picture, *classifier_, reading);
    return reading;
  }

  static inline Dataset* data_ = nullptr;
  static inline Classifier* classifier_ = nullptr;
};

TEST_F(PreferWholePicture, TakesInkFromSideToSideInEitherPolarity) {
  for (const bool light : {false, true}) {
    const Image picture = cropped(0, light);
    const Reading reading = preferred(picture);
    ASSERT_EQ(reading.digits.size(), 1U) << light;
    const ReadDigit& digit = reading.digits.front();
    EXPECT_EQ(std::ranges::max_element(digit.prediction.probabilities) -
                  digit.prediction.probabilities.begin(),
              data_->labels.front());
    EXPECT_EQ(reading.light_ink, light);
    EXPECT_EQ(reading.num_lines, 1);
    EXPECT_NEAR(static_cast<double>(digit.box.width), static_cast<double>(picture.width), 16);
    EXPECT_NEAR(static_cast<double>(digit.box.height), static_cast<double>(picture.height), 16);
  }
}

TEST_F(PreferWholePicture, LeavesPicturesWithPaperAroundTheInk) {
  EXPECT_TRUE(preferred(cropped(100, false)).digits.empty());
}

TEST_F(PreferWholePicture, LeavesWideAndEvenPictures) {
  Image wide = cropped(0, false);
  cv::Mat canvas(static_cast<int>(wide.height), static_cast<int>(wide.width), CV_8U,
                 wide.pixels.data());
  cv::Mat twice;
  cv::hconcat(canvas, canvas, twice);
  EXPECT_TRUE(
      preferred({twice.rows, twice.cols, 1, {twice.datastart, twice.dataend}}).digits.empty());
  EXPECT_TRUE(preferred({40, 40, 1, std::vector<std::uint8_t>(1600, 128)}).digits.empty());
}

// A digit that was found stays unless the whole is much likelier.
TEST_F(PreferWholePicture, LeavesADigitThatIsAsLikely) {
  const Image picture = cropped(0, false);
  Reading found = preferred(picture);
  found.digits.front().box = {1, 2, 3, 4};
  EXPECT_EQ(preferred(picture, found).digits.front().box.left, 1);
  found.digits.front().prediction.reader_score = 1e-6;
  EXPECT_NE(preferred(picture, found).digits.front().box.left, 1);
}

}  // namespace
}  // namespace digitry
