#include "digitry/data/data_warnings.h"

#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One image of 1x2 per label, no two alike; classes are numbered.
Dataset data_of(const std::vector<std::int32_t>& labels) {
  Dataset data;
  data.images = Tensor({std::ssize(labels), 1, 1, 2}, DType::kU8);
  const auto pixels = data.images.as<std::uint8_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    pixels[2 * i] = static_cast<std::uint8_t>(i);
    pixels[2 * i + 1] = 255;
  }
  data.labels = labels;
  for (std::int32_t c = 0; c <= std::ranges::max(labels); ++c)
    data.class_names.push_back(std::to_string(c));
  return data;
}

std::vector<std::int32_t> labels_with_counts(const std::vector<int>& counts) {
  std::vector<std::int32_t> labels;
  for (std::size_t c = 0; c < counts.size(); ++c)
    labels.insert(labels.end(), static_cast<std::size_t>(counts[c]), static_cast<std::int32_t>(c));
  return labels;
}

TEST(DataWarnings, SeesWhatIsWrongWithLabels) {
  EXPECT_THAT(label_warnings(data_of(labels_with_counts({20, 30}))), IsEmpty());
  EXPECT_THAT(label_warnings(data_of(labels_with_counts({0, 20}))),
              ElementsAre(HasSubstr("of one class, 1")));
  EXPECT_THAT(label_warnings(data_of(labels_with_counts({20, 3}))),
              ElementsAre(HasSubstr("1 class has fewer than 10 images: 1")));
  EXPECT_THAT(label_warnings(data_of(labels_with_counts({20, 9}))),
              ElementsAre(HasSubstr("1 class has fewer than 10 images: 1")));
  EXPECT_THAT(label_warnings(data_of(labels_with_counts({20, 10}))), IsEmpty());
  // A class without images is no small one.
  EXPECT_THAT(label_warnings(data_of(labels_with_counts({20, 0, 20}))),
              ElementsAre(HasSubstr("1 of 3 classes have no images: 1")));
  EXPECT_THAT(label_warnings(data_of(labels_with_counts({150, 12}))),
              ElementsAre(HasSubstr("class_weights = \"balanced\"")));
  auto labels = labels_with_counts({20, 20, 20});
  labels.push_back(255);
  EXPECT_THAT(label_warnings(data_of(labels)),
              ::testing::Contains(::testing::AllOf(
                  HasSubstr("252 of 256 classes have no images: 3, 4, 5, 6, 7 and 247 more"),
                  HasSubstr("the largest label is 255 (image 60): is it corrupt?"))));
}

std::vector<std::string> warnings_of(const Dataset& data) {
  return image_warnings(data, summarize(data));
}

TEST(DataWarnings, SeesWhatIsWrongWithImages) {
  Dataset data = data_of(labels_with_counts({2, 2}));
  EXPECT_THAT(warnings_of(data), IsEmpty());
  const auto pixels = data.images.as<std::uint8_t>();
  pixels[2] = pixels[3] = 7;
  data.sources = {"a.png", "b.png", "c.png", "d.png"};
  EXPECT_THAT(warnings_of(data), ElementsAre("1 of 4 images is blank; the first is b.png"));
  std::ranges::fill(pixels, std::uint8_t{3});
  EXPECT_THAT(warnings_of(data),
              ElementsAre(HasSubstr("all images are blank"), "all images are the same",
                          "2 images are the same as an earlier one of another class"));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i + i % 2);
  EXPECT_THAT(warnings_of(data), ElementsAre(HasSubstr("the largest pixel is 8 of 255")));
}

}  // namespace
}  // namespace digitry
