#include "digitry/evaluation/orientation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "digitry/model_io/model.h"

namespace digitry {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Classifier& tiny() {
  static const Classifier classifier(shipped_model("tiny"));
  return classifier;
}

// `count` training images of MNIST.
Dataset digits(std::int64_t count) {
  static const Dataset all = load_dataset("mnist", Split::kTrain);
  std::vector<std::int32_t> first(static_cast<std::size_t>(count));
  std::iota(first.begin(), first.end(), 0);
  Dataset some;
  some.images = all.images.take(first);
  some.labels.assign(all.labels.begin(), all.labels.begin() + count);
  some.class_names = all.class_names;
  return some;
}

using Place = std::pair<std::size_t, std::size_t>;  // Row and column.
using Move = std::function<Place(std::size_t y, std::size_t x)>;

// The pixel at (y, x) goes where `to` says.
void move_pixels(Dataset& data, const Move& to) {
  const auto pixels = data.images.as<std::uint8_t>();
  for (std::size_t first = 0; first < pixels.size(); first += 784) {
    const auto image = pixels.subspan(first, 784);
    const std::vector<std::uint8_t> before(image.begin(), image.end());
    for (std::size_t y = 0; y < 28; ++y)
      for (std::size_t x = 0; x < 28; ++x) {
        const auto [to_y, to_x] = to(y, x);
        image[28 * to_y + to_x] = before[28 * y + x];
      }
  }
}

TEST(OrientationWarning, SaysHowImagesWereChanged) {
  const auto warning = [](const Move& to) {
    Dataset data = digits(100);
    move_pixels(data, to);
    return orientation_warning(tiny(), data);
  };
  EXPECT_THAT(warning([](std::size_t y, std::size_t x) { return Place(y, x); }), IsEmpty());
  EXPECT_THAT(warning([](std::size_t y, std::size_t x) { return Place(x, y); }),
              AllOf(HasSubstr("look transposed"), HasSubstr(" % of 100 as they are")));
  EXPECT_THAT(warning([](std::size_t y, std::size_t x) { return Place(y, 27 - x); }),
              HasSubstr("look mirrored"));
  EXPECT_THAT(warning([](std::size_t y, std::size_t x) { return Place(27 - y, 27 - x); }),
              HasSubstr("look upside down"));
  EXPECT_THAT(warning([](std::size_t y, std::size_t x) { return Place(x, 27 - y); }),
              HasSubstr("look turned by 90°"));
  Dataset inverted = digits(100);
  for (std::uint8_t& pixel : inverted.images.as<std::uint8_t>())
    pixel = static_cast<std::uint8_t>(255 - pixel);
  EXPECT_THAT(orientation_warning(tiny(), inverted), HasSubstr("look inverted"));
}

// The sample is taken from the whole set: here a sixth is sound, in front, and the rest is not.
TEST(OrientationWarning, LooksAtTheWholeSet) {
  Dataset data = digits(3000);
  Dataset rest = digits(3000);
  move_pixels(rest, [](std::size_t y, std::size_t x) { return Place(x, y); });
  const std::size_t sound = std::size_t{500} * 784;
  std::ranges::copy(rest.images.as<std::uint8_t>().subspan(sound),
                    data.images.as<std::uint8_t>().subspan(sound).begin());
  EXPECT_THAT(orientation_warning(tiny(), data), HasSubstr("look transposed"));
}

TEST(OrientationWarning, ComparesClassesByTheirNames) {
  Dataset data = digits(100);
  move_pixels(data, [](std::size_t y, std::size_t x) { return Place(x, y); });
  std::ranges::reverse(data.class_names);
  for (std::int32_t& label : data.labels) label = 9 - label;
  EXPECT_THAT(orientation_warning(tiny(), data), HasSubstr("look transposed"));
  data.class_names[0] = "nine";
  EXPECT_THAT(orientation_warning(tiny(), data), IsEmpty());
}

// What no change makes better is not called turned.
TEST(OrientationWarning, SaysNothingOfWrongLabels) {
  Dataset data = digits(100);
  for (std::int32_t& label : data.labels) label = (label + 1) % 10;
  EXPECT_THAT(orientation_warning(tiny(), data), IsEmpty());
}

}  // namespace
}  // namespace digitry
