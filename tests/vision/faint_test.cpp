#include "digitry/vision/faint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <string>

#include "digitry/data/dataset.h"
#include "digitry/model_io/model.h"
#include "digitry/vision/reader.h"
#include "tests/cases/faint_strokes.h"

namespace digitry::test {
namespace {

constexpr double kPenWidth = 3;

// Paper with two bars above one another, `gap` apart, and faint ink of this width between them.
Paper two_bars(int gap, int width, double darkness) {
  Paper paper;
  paper.ink.darkness = cv::Mat::zeros(200, 120, CV_32F);
  paper.ink.noise = 0.001;
  paper.ink.stroke_width = kPenWidth;
  paper.ink.darkness(cv::Rect(58, 40, 3, 40)).setTo(1);
  paper.ink.darkness(cv::Rect(58, 80 + gap, 3, 40)).setTo(1);
  paper.ink.darkness(cv::Rect(59 - width / 2, 80, width, gap)).setTo(darkness);
  return paper;
}

std::size_t num_blobs(const Paper& paper) { return join_broken(find_components(paper)).size(); }

TEST(FaintInk, ConnectsWhatIsWrittenInOneStroke) {
  EXPECT_EQ(num_blobs(two_bars(24, 3, 0.1)), 1U);
  EXPECT_EQ(num_blobs(two_bars(24, 3, 0.04)), 1U) << "a narrow stroke between two pixels";
  EXPECT_EQ(num_blobs(two_bars(24, 3, 0.02)), 2U) << "paper";
  EXPECT_EQ(num_blobs(two_bars(24, 50, 0.1)), 2U) << "a smudge";
  EXPECT_EQ(num_blobs(two_bars(60, 3, 0.1)), 2U) << "another line of the text";
}

TEST(FaintInk, BelongsToTheDigitAlsoIfAPartWasLeftOutAsFaint) {
  Paper paper = two_bars(24, 3, 0.1);
  paper.ink.darkness(cv::Rect(58, 88, 3, 8)).setTo(0.2);  // As dark as ink where nothing is darker.
  const Components components = find_components(paper);
  EXPECT_EQ(join_broken(components).size(), 1U);
  EXPECT_TRUE(components.left_out.empty());
}

TEST(FaintInk, SideBySideStaysApart) {
  EXPECT_TRUE(are_side_by_side({0, 0, 10, 40}, {12, 2, 10, 40}));
  EXPECT_FALSE(are_side_by_side({0, 0, 10, 40}, {12, 40, 10, 40}));
  EXPECT_FALSE(are_side_by_side({0, 0, 10, 40}, {5, 2, 10, 40}));
}

// Thin training digits with faint parts: 60 pieces are found and 10 rows are right. Without the
// bridges of `add_faint` they are 79 and 6.
TEST(FaintInk, IsReadAsPartOfItsDigit) {
  constexpr std::uint32_t kScenes = 8;
  const Dataset data = load_dataset("mnist", Split::kTrain);
  const Classifier classifier(shipped_model("cnn-best"));
  std::size_t pieces = 0;
  int right = 0;
  for (std::uint32_t i = 0; i < kScenes; ++i) {
    RandomStream random(11, RandomPurpose::kTest, i);
    const Scene scene =
        draw_faint_strokes(data.images, data.labels,
                           {.scale = 4, .width = 1, .faintest = 0.2, .faint_length = 9}, random);
    const Reading reading = read_digits(scene.picture, classifier);
    pieces += reading.digits.size();
    std::string text = to_text(reading, classifier.model().class_names);
    std::erase(text, ' ');
    const std::size_t middle = scene.text.find('\n');
    right += text.starts_with(scene.text.substr(0, middle + 1)) ? 1 : 0;
    right += text.ends_with(scene.text.substr(middle)) ? 1 : 0;
  }
  EXPECT_LE(pieces, 68U) << "of 64 digits";
  EXPECT_GE(right, 8) << "of 16 rows";
}

}  // namespace
}  // namespace digitry::test
