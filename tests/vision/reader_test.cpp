#include "digitry/vision/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "digitry/base/random.h"
#include "digitry/data/dataset.h"
#include "digitry/model_io/model.h"
#include "tests/cases/drawn_pages.h"
#include "tests/cases/low_resolution.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/vision/hershey.h"

namespace digitry::test {
namespace {

TEST(ReadDigits, LineByLineFromTheLeft) {
  EXPECT_EQ(read_text(page_of("314", "15926")), "314/15926");
  EXPECT_EQ(read_text(page_of("0123456")), "0123456");
}

TEST(ReadDigits, OfEitherPolarityInColourOrTransparency) {
  Image picture = page_of("27", "81");
  for (std::uint8_t& pixel : picture.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
  EXPECT_EQ(read_text(picture), "27/81");
  EXPECT_TRUE(read_digits(picture, hershey_classifier()).light_ink);
  Image canvas{picture.height, picture.width, 4, {}};
  for (const std::uint8_t ink : picture.pixels)
    for (const int value : {0, 0, 160, static_cast<int>(ink)})
      canvas.pixels.push_back(static_cast<std::uint8_t>(value));
  EXPECT_EQ(read_text(canvas), "27/81") << "blue on nothing";
}

TEST(ReadDigits, OfPixelsOfZeroAndOne) {
  for (const bool light : {false, true}) {
    Image picture = page_of("27", "81");
    for (std::uint8_t& pixel : picture.pixels) pixel = (pixel < 128) == light ? 1 : 0;
    EXPECT_EQ(read_text(picture), "27/81") << light;
  }
}

TEST(ReadDigits, UnderAShadowAndNoise) {
  Image picture = page_of("593", "204");
  RandomStream random(1, RandomPurpose::kTest);
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    const double x = static_cast<double>(i % 460) / 460;
    const double shadow = 1 - 0.5 / (1 + std::exp(-(x - 0.5) / 0.05));
    const double value = picture.pixels[i] * shadow + 5 * static_cast<double>(random.next_normal());
    picture.pixels[i] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
  }
  EXPECT_EQ(read_text(picture), "593/204");
}

TEST(ReadDigits, OnRuledPaperThatIsTurned) {
  Image picture = page_of("3842", "5167");
  cv::Mat canvas = canvas_of_picture(picture);
  cv::Mat rules(canvas.size(), CV_8U, cv::Scalar(255));
  for (int y = 20; y < 260; y += 40) cv::line(rules, {0, y}, {459, y}, 190, 2);
  cv::min(canvas, rules, canvas);
  const cv::Mat turn = cv::getRotationMatrix2D({230, 130}, -6, 1);
  cv::warpAffine(canvas, canvas, turn, canvas.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  const Reading reading = read_digits(picture, hershey_classifier());
  EXPECT_NEAR(reading.skew_degrees, 6, 0.5);
  EXPECT_GE(reading.num_rules, 5);
  EXPECT_EQ(read_text(picture), "3842/5167");
}

TEST(ReadDigits, BoxesAreInPixelsOfThePicture) {
  Image picture = blank_picture(200, 300);
  canvas_of_picture(picture)(cv::Rect(120, 60, 12, 80)).setTo(10);
  const Reading reading = read_digits(picture, hershey_classifier());
  ASSERT_EQ(reading.digits.size(), 1u);
  const PixelBox& box = reading.digits[0].box;
  EXPECT_NEAR(static_cast<double>(box.left), 120, 2);
  EXPECT_NEAR(static_cast<double>(box.top), 60, 2);
  EXPECT_NEAR(static_cast<double>(box.width), 12, 4);
  EXPECT_NEAR(static_cast<double>(box.height), 80, 4);
}

TEST(ReadDigits, BrokenStrokesAreOneDigit) {
  Image picture = page_of("582");
  canvas_of_picture(picture)(cv::Rect(40, 64, 50, 3)).setTo(235);
  EXPECT_EQ(read_text(picture), "582");
}

TEST(ReadDigits, TouchingDigitsAreCut) {
  Image picture = blank_picture(160, 300);
  draw_text(picture, "3", {.x = 60, .y = 110, .height = 60, .thickness = 6});
  draw_text(picture, "5", {.x = 103, .y = 110, .height = 60, .thickness = 6});
  EXPECT_EQ(read_digits(picture, hershey_classifier(), {.split_touching = false}).digits.size(), 1u)
      << "they touch";
  EXPECT_EQ(read_text(picture), "35");
}

TEST(ReadDigits, NeverCutsACertainDigit) {
  std::size_t asked = 0;
  const DigitClassifier sure = [&](const Tensor& images) {
    asked += static_cast<std::size_t>(images.shape()[0]);
    return std::vector<DigitPrediction>(static_cast<std::size_t>(images.shape()[0]),
                                        {.probabilities = {1}, .score = 1});
  };
  EXPECT_EQ(read_digits(page_of("8888"), sure).digits.size(), 4u);
  EXPECT_EQ(asked, 4u);
}

TEST(ReadDigits, DoesNotCutAHorizontalStroke) {
  Image picture = blank_picture(240, 320);
  cv::line(canvas_of_picture(picture), {90, 80}, {230, 80}, 20, 12);
  std::size_t asked = 0;
  const DigitClassifier unsure = [&](const Tensor& images) {
    asked += static_cast<std::size_t>(images.shape()[0]);
    return std::vector<DigitPrediction>(static_cast<std::size_t>(images.shape()[0]),
                                        {.probabilities = {1}, .score = 0, .rejected = true});
  };
  EXPECT_EQ(read_digits(picture, unsure).digits.size(), 1u);
  EXPECT_EQ(asked, 1u);
}

TEST(ReadDigits, RejectsWhatIsNoDigit) {
  Image picture = page_of("1");
  cv::Mat canvas = canvas_of_picture(picture);
  cv::line(canvas, {200, 50}, {290, 60}, 20, 5);
  cv::line(canvas, {200, 90}, {290, 40}, 20, 5);
  cv::line(canvas, {210, 40}, {280, 95}, 20, 5);
  cv::line(canvas, {245, 35}, {245, 99}, 20, 5);
  const std::string text = read_text(picture, {.split_touching = false});
  EXPECT_TRUE(text == "1?" || text == "1 ?") << text;
}

TEST(ReadDigits, ReadsNothingOnAnEmptyPage) {
  EXPECT_EQ(read_text(blank_picture(200, 300)), "");
  EXPECT_EQ(read_text(blank_picture(1, 1)), "");
  EXPECT_EQ(read_text(blank_picture(1, 5000)), "");
  EXPECT_EQ(read_text({1, 1, 4, {0, 0, 0, 0}}), "");
  Image noisy = blank_picture(300, 400);
  RandomStream random(2, RandomPurpose::kTest);
  for (std::uint8_t& pixel : noisy.pixels)
    pixel = static_cast<std::uint8_t>(std::clamp(235 + 6 * random.next_normal(), 0.0F, 255.0F));
  EXPECT_EQ(read_text(noisy), "") << "noise is not ink";
}

TEST(ReadDigits, LeavesOutSpecksAndDots) {
  Image picture = page_of("47");
  cv::circle(canvas_of_picture(picture), {300, 85}, 4, 20, cv::FILLED);
  EXPECT_EQ(read_text(picture), "47");
}

TEST(ReadDigits, ShowsItsStages) {
  std::vector<std::string> stages;
  ReadOptions options;
  options.on_stage = [&](std::string_view stage, const Image& picture) {
    check_image(picture);
    stages.emplace_back(stage);
  };
  read_digits(page_of("12"), hershey_classifier(), options);
  EXPECT_THAT(stages, testing::ElementsAre("1-grey", "2-ink", "3-level", "4-strokes", "5-digits"));
}

TEST(ReadDigits, AClassifierHasToReturnOnePredictionPerImage) {
  const DigitClassifier lossy = [](const Tensor&) { return std::vector<DigitPrediction>{}; };
  expect_error(ErrorCode::kInvalidArgument, {"expected 1 predictions", "got 0"},
               [&] { read_digits(page_of("1"), lossy); });
}

// Two dark rectangles as digits, and a model with random weights: its answers do not matter.
TEST(ReadDigits, TakesAClassifier) {
  Image picture = blank_picture(120, 200);
  cv::Mat canvas = canvas_of_picture(picture);
  canvas(cv::Rect(50, 30, 10, 60)).setTo(10);
  canvas(cv::Rect(130, 30, 10, 60)).setTo(10);
  const auto model_of = [](Shape shape) {
    Model model = small_model();
    model.members = one_member(random_network(std::move(shape), 3, {flatten(), dense(3)}, 1));
    return model;
  };
  const Reading reading =
      read_digits(picture, Classifier(model_of({1, 28, 28})), {.split_touching = false});
  ASSERT_EQ(reading.digits.size(), 2u);
  for (const ReadDigit& digit : reading.digits) {
    EXPECT_EQ(digit.prediction.probabilities.size(), 3u);
    EXPECT_GT(digit.probability(), 1.0 / 3);
  }
  const Classifier small(model_of({1, 14, 14}));
  expect_error(ErrorCode::kBadData, {"[1,28,28]", "[1,14,14]"},
               [&] { read_digits(picture, small); });
}

TEST(ReadDigits, ExpectsAsManyDigitsAsItIsTold) {
  const Image picture = page_of("314");
  for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{1001}})
    expect_error(ErrorCode::kInvalidArgument, {"1 to 1000", std::to_string(bad)},
                 [&] { read_text(picture, {.expect = bad}); });
  expect_error(ErrorCode::kInvalidArgument, {"'d' for each digit"},
               [&] { read_text(picture, {.pattern = "..."}); });
  expect_error(ErrorCode::kInvalidArgument, {"a number of digits or a pattern"},
               [&] { read_text(picture, {.expect = 3, .pattern = "ddd"}); });
  EXPECT_EQ(read_text(picture, {.expect = 3}), "314");
  EXPECT_EQ(read_text(picture, {.pattern = "d,dd"}), "3,14");
  EXPECT_EQ(read_digits(picture, hershey_classifier(), {.expect = 2}).digits.size(), 2u);
  EXPECT_EQ(read_text(picture, {.expect = 900}), "314") << "there are not so many";
}

// Pairs of MNIST's digits that touch, with the models that come with Digitry.
TEST(ReadDigits, ReadsMostTouchingPairs) {
  constexpr int kPairs = 40;
  const Dataset data = load_dataset("mnist", Split::kTrain);
  const Classifier classifier(shipped_model("cnn-best"));
  int right = 0;
  int right_if_told = 0;
  int sliced = 0;
  for (std::uint32_t i = 0; i < kPairs; ++i) {
    RandomStream random(9, RandomPurpose::kTest, i);
    const DrawnPage page =
        draw_page(data.images, {.num_digits = 2, .scale = 2.5, .touching_share = 1}, random);
    const std::string expected = text_of(page, data.labels);
    const auto text = [&](const ReadOptions& options) {
      return to_text(read_digits(page.picture, classifier, options),
                     classifier.model().class_names);
    };
    right += text({}) == expected ? 1 : 0;
    right_if_told += text({.expect = 2}) == expected ? 1 : 0;
    sliced += read_digits(page.picture, classifier).digits.size() > 2 ? 1 : 0;
  }
  EXPECT_GE(right, kPairs * 3 / 4);
  EXPECT_GE(right_if_told, right);
  EXPECT_LE(sliced, 4);
}

// Digits of few pixels that fill the picture, enlarged as blocks or smoothly, or as small as they
// are.
TEST(ReadDigits, ReadsDigitsOfFewLargePixels) {
  constexpr int kDigits = 6;
  const Dataset data = load_dataset("mnist", Split::kTrain);
  const Classifier classifier(shipped_model("cnn-best"));
  for (std::size_t kind = 0; kind < kLowResolutionNames.size(); ++kind) {
    int right = 0;
    for (std::uint32_t i = 0; i < kDigits; ++i) {
      RandomStream random(10, RandomPurpose::kTest, static_cast<std::uint32_t>(kind), i);
      const auto low = static_cast<LowResolution>(kind);
      for (const Image& picture : {draw_low_resolution(data.images, i, low, 160, random),
                                   low_resolution_image(data.images, i, low, random)})
        right += to_text(read_digits(picture, classifier), classifier.model().class_names) ==
                         std::to_string(data.labels[i])
                     ? 1
                     : 0;
    }
    EXPECT_GE(right, 2 * kDigits - 3) << kLowResolutionNames[kind];
  }
}

}  // namespace
}  // namespace digitry::test
