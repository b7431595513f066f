#include "digitry/augment/test_time_augmentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "digitry/base/parallel.h"
#include "tests/support/errors.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

using ::testing::ElementsAre;

// 1×1×3×3, row by row.
Tensor small_image(const std::vector<std::uint8_t>& pixels) {
  Tensor image({1, 1, 3, 3}, DType::kU8);
  std::ranges::copy(pixels, image.as<std::uint8_t>().begin());
  return image;
}

std::vector<std::uint8_t> bytes_of(const Tensor& image) {
  const auto pixels = image.as<std::uint8_t>();
  return {pixels.begin(), pixels.end()};
}

TEST(TestTimeAugmentation, AreTheImageAloneWhereNothingIsOn) {
  EXPECT_EQ(num_views({}), 1);
  const Tensor image = small_image({1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(bytes_of(view_of(image, {}, 0)), bytes_of(image));
}

TEST(TestTimeAugmentation, MoveByWholePixelsExactlyWithZerosFromOutside) {
  const TestTimeAugmentation views{.translation = 1};
  ASSERT_EQ(num_views(views), 5);
  const Tensor image = small_image({1, 2, 3, 4, 5, 6, 7, 8, 9});
  std::vector<std::vector<std::uint8_t>> seen;
  for (std::int64_t view = 0; view < 5; ++view)
    seen.push_back(bytes_of(view_of(image, views, view)));
  EXPECT_THAT(seen, ElementsAre(ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9),    // as it is
                                ElementsAre(2, 3, 0, 5, 6, 0, 8, 9, 0),    // left
                                ElementsAre(4, 5, 6, 7, 8, 9, 0, 0, 0),    // up
                                ElementsAre(0, 1, 2, 0, 4, 5, 0, 7, 8),    // right
                                ElementsAre(0, 0, 0, 1, 2, 3, 4, 5, 6)));  // down
}

TEST(TestTimeAugmentation, TurnAboutTheCentre) {
  const TestTimeAugmentation views{.rotation = 90};
  ASSERT_EQ(num_views(views), 3);
  const Tensor image = small_image({0, 200, 0, 0, 50, 0, 0, 0, 0});
  // Rounding of the argument of the sine moves the positions by 1e-7 pixels.
  EXPECT_THAT(bytes_of(view_of(image, views, 2)), ElementsAre(0, 0, 0, 0, 50, 200, 0, 0, 0));
  EXPECT_THAT(bytes_of(view_of(image, views, 1)), ElementsAre(0, 0, 0, 200, 50, 0, 0, 0, 0));
}

TEST(TestTimeAugmentation, ZoomAboutTheCentre) {
  const TestTimeAugmentation views{.zoom = 0.5};
  ASSERT_EQ(num_views(views), 3);
  const Tensor image = small_image({0, 0, 0, 0, 90, 0, 0, 0, 0});
  // Half the size: the neighbours come from two pixels off the centre, outside the image.
  EXPECT_THAT(bytes_of(view_of(image, views, 1)), ElementsAre(0, 0, 0, 0, 90, 0, 0, 0, 0));
  // 1.5 times the size: from two thirds of a pixel off the centre, a third of 90, and a ninth.
  EXPECT_THAT(bytes_of(view_of(image, views, 2)), ElementsAre(10, 30, 10, 30, 90, 30, 10, 30, 10));
}

TEST(TestTimeAugmentation, ChangeLeftAndRight) {
  const TestTimeAugmentation views{.flip = true};
  ASSERT_EQ(num_views(views), 2);
  const Tensor image = small_image({1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_THAT(bytes_of(view_of(image, views, 1)), ElementsAre(3, 2, 1, 6, 5, 4, 9, 8, 7));
}

TEST(TestTimeAugmentation, AddUp) {
  EXPECT_EQ(num_views({.translation = 1, .rotation = 5, .zoom = 0.1, .flip = true}), 10);
}

TEST(TestTimeAugmentation, AreTheSameWithAnyNumberOfThreads) {
  Tensor images({50, 2, 9, 7}, DType::kU8);
  std::ranges::copy(test::random_pixels(images.num_elements(), 1),
                    images.as<std::uint8_t>().begin());
  const TestTimeAugmentation views{.translation = 1.5, .rotation = 8, .zoom = 0.1, .flip = true};
  const int threads = num_threads();
  for (std::int64_t view = 0; view < num_views(views); ++view) {
    set_num_threads(1);
    const Tensor alone = view_of(images, views, view);
    set_num_threads(3);
    EXPECT_EQ(bytes_of(view_of(images, views, view)), bytes_of(alone)) << view;
  }
  set_num_threads(threads);
}

TEST(TestTimeAugmentation, AreReadStrictlyAndComeBack) {
  const TestTimeAugmentation views{.translation = 1, .zoom = 0.05, .flip = true};
  EXPECT_EQ(read_test_time_augmentation(to_attributes(views), "x"), views);
  EXPECT_TRUE(to_attributes(TestTimeAugmentation()).empty());
  test::expect_error(ErrorCode::kBadData, {"here", "rotaton"}, [] {
    read_test_time_augmentation({{"rotaton", 1.0}}, "here");
  });
  test::expect_error(ErrorCode::kBadData, {"here", "zoom"}, [] {
    read_test_time_augmentation({{"zoom", 1.0}}, "here");
  });
}

}  // namespace
}  // namespace digitry
