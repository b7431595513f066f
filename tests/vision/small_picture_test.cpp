#include "digitry/vision/small_picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "digitry/data/dataset.h"
#include "tests/cases/small_pictures.h"
#include "tests/support/errors.h"

namespace digitry::test {
namespace {

class SmallPicture : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    digits_ = new Dataset(load_dataset("mnist", Split::kTrain));
    classifier_ = new Classifier(shipped_model("tiny"));
  }
  static void TearDownTestSuite() {
    delete digits_;
    delete classifier_;
  }

  // The number of `count` images in random forms that are read as their label, known or not.
  static int num_right(InkPlace place, int count) {
    int right = 0;
    for (int i = 0; i < count; ++i) {
      RandomStream random(9, RandomPurpose::kTest, static_cast<std::uint32_t>(i));
      SmallPictureOptions options = random_small_picture_options(random);
      options.place = place;
      const auto index = static_cast<std::size_t>(i);
      const SmallPictureReading read =
          read_small_picture(draw_small_picture(digits_->images, i, options, random), *classifier_);
      right +=
          read.reading.digits.size() == 1 &&
                  read.reading.digits[0].label() == static_cast<std::size_t>(digits_->labels[index])
              ? 1
              : 0;
    }
    return right;
  }

  static inline Dataset* digits_ = nullptr;
  static inline Classifier* classifier_ = nullptr;
};

// 97 to 99 % of training images by the smallest model.
TEST_F(SmallPicture, IsReadInEveryFormAndPlace) {
  EXPECT_GE(num_right(InkPlace::kAsItIs, 60), 57);
  EXPECT_GE(num_right(InkPlace::kShifted, 60), 55);
  EXPECT_GE(num_right(InkPlace::kSmall, 60), 54);
  EXPECT_GE(num_right(InkPlace::kFilling, 60), 54);
}

TEST_F(SmallPicture, InMnistFormIsClassifiedAsItIs) {
  Image image{28, 28, 1, {}};
  const auto pixels = std::as_const(digits_->images).as<std::uint8_t>().first(784);
  image.pixels.assign(pixels.begin(), pixels.end());
  const SmallPictureReading read = read_small_picture(image, *classifier_);
  EXPECT_TRUE(read.form.ready);
  EXPECT_FALSE(read.searched);
  ASSERT_EQ(read.reading.digits.size(), 1u);
  EXPECT_TRUE(std::ranges::equal(read.reading.digits[0].image, pixels));
}

TEST_F(SmallPicture, BlankHasNoDigitAndIsRejected) {
  for (const std::uint8_t grey :
       {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{200}, std::uint8_t{255}}) {
    const SmallPictureReading read =
        read_small_picture({28, 28, 1, std::vector<std::uint8_t>(784, grey)}, *classifier_);
    EXPECT_TRUE(read.reading.digits.empty());
    EXPECT_TRUE(read.whole.rejected);
  }
}

TEST_F(SmallPicture, HasToBeOfTheModelsSize) {
  expect_error(ErrorCode::kInvalidArgument, {"expected 28x28 pixels, got 2x1"}, [] {
    read_small_picture({1, 2, 1, {0, 9}}, *classifier_);
  });
}

}  // namespace
}  // namespace digitry::test
