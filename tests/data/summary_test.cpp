#include "digitry/data/summary.h"

#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;

Dataset make_dataset(const std::vector<std::uint8_t>& pixels, std::vector<std::int32_t> labels) {
  Dataset dataset;
  dataset.images = Tensor({static_cast<std::int64_t>(pixels.size() / 2), 1, 1, 2}, DType::kU8);
  std::ranges::copy(pixels, dataset.images.as<std::uint8_t>().begin());
  dataset.labels = std::move(labels);
  dataset.class_names = {"a", "b", "c"};
  return dataset;
}

TEST(Summary, CountsAndMeasures) {
  const DatasetSummary summary =
      summarize(make_dataset({10, 20, 30, 40, 10, 20, 10, 20}, {0, 1, 0, 1}));
  EXPECT_EQ(summary.num_images, 4);
  EXPECT_EQ(summary.image_shape, (Shape{1, 1, 2}));
  EXPECT_THAT(summary.images_per_class, ::testing::ElementsAre(2, 2, 0));
  EXPECT_EQ(summary.min_pixel, 10);
  EXPECT_EQ(summary.max_pixel, 40);
  EXPECT_DOUBLE_EQ(summary.mean_pixel, 20);
  EXPECT_DOUBLE_EQ(summary.std_pixel, 10);
  EXPECT_EQ(summary.num_duplicates, 2);
  EXPECT_EQ(summary.num_conflicts, 1);
}

TEST(Summary, TakesUnlabelledImages) {
  const DatasetSummary summary = summarize(make_dataset({7, 7}, {}));
  EXPECT_THAT(summary.images_per_class, ::testing::IsEmpty());
  EXPECT_EQ(summary.min_pixel, 7);
  EXPECT_EQ(summary.max_pixel, 7);
  EXPECT_EQ(summary.std_pixel, 0);
}

TEST(Summary, CountsLeaks) {
  const Dataset train = make_dataset({1, 2, 3, 4}, {});
  EXPECT_EQ(count_shared_images(train, make_dataset({3, 4, 5, 6, 3, 4}, {})), 2);
  EXPECT_EQ(count_shared_images(train, make_dataset({4, 3}, {})), 0);
}

}  // namespace
}  // namespace digitry
