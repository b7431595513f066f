#include <gtest/gtest.h>

#include <set>

#include "digitry/report/run_page.h"
#include "tests/report/report_content.h"

namespace digitry {
namespace {

TEST(ChooseImages, ShowsEveryMistakeOfAGoodModel) {
  const ReportContent content = test::make_content();
  const PageImages images = choose_images(content.evaluation);
  EXPECT_EQ(images.gallery.size(), content.evaluation.mistakes.size());
  std::size_t in_pairs = 0;
  for (const PairImages& pair : images.pairs) {
    EXPECT_EQ(static_cast<std::int64_t>(pair.shown.size()), pair.pair.count);
    for (const LabelledPrediction& judgement : pair.shown) {
      EXPECT_EQ(judgement.label, pair.pair.label);
      EXPECT_EQ(judgement.predicted, pair.pair.predicted);
    }
    in_pairs += pair.shown.size();
  }
  EXPECT_EQ(in_pairs, content.evaluation.mistakes.size());
  const auto indices = images.indices();
  EXPECT_EQ(std::set(indices.begin(), indices.end()).size(), indices.size());
}

TEST(ChooseImages, KeepsABadModelsPageSmall) {
  // 5,000 mistakes in 40 pairs.
  std::vector<std::string> names(40, "class");
  const ReportContent content = test::make_content(
      {.num_images = 5000, .height = 6, .width = 6, .class_names = names, .mistake_every = 1});
  const PageImages images = choose_images(content.evaluation);
  EXPECT_EQ(images.gallery.size(), kMaxGallery);
  EXPECT_EQ(images.pairs.size(), 40u);
  std::size_t in_pairs = 0;
  for (const PairImages& pair : images.pairs) {
    EXPECT_GE(pair.shown.size(), 1u);
    in_pairs += pair.shown.size();
  }
  EXPECT_LE(in_pairs, kMaxPairImages);
  EXPECT_GT(in_pairs, kMaxPairImages - 40);
}

}  // namespace
}  // namespace digitry
