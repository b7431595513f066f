#include "digitry/nn/layers/crop2d.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"

// Finite differences through it are in image_gradient_test.cpp.

namespace digitry {
namespace {

using test::crop2d;
using test::PlannedLayers;
using test::rounded;
using Values = std::vector<float>;

constexpr std::int64_t kCropBatch = 3;
constexpr std::int64_t kBorder = 2;

// Every element of [N,C,H,W] that `border` leaves, in order, by the definition.
std::vector<std::size_t> kept_places(const Shape& image) {
  std::vector<std::size_t> places;
  std::size_t place = 0;
  for (std::int64_t plane = 0; plane < kCropBatch * image[0]; ++plane)
    for (std::int64_t h = 0; h < image[1]; ++h)
      for (std::int64_t w = 0; w < image[2]; ++w, ++place)
        if (h >= kBorder && h < image[1] - kBorder && w >= kBorder && w < image[2] - kBorder)
          places.push_back(place);
  return places;
}

class Crop2dTest : public ::testing::TestWithParam<std::tuple<Shape, Precision>> {};

TEST_P(Crop2dTest, TakesTheInsideAndGivesTheBorderNoGradient) {
  const auto& [image, precision] = GetParam();
  if (!test::has_precision(precision)) GTEST_SKIP() << "this processor lacks bfloat16";
  const Values x = rounded(test::random_values(kCropBatch * image.num_elements(), 1), precision);
  const std::vector<std::size_t> places = kept_places(image);
  const Values grad_y = rounded(test::random_values(std::ssize(places), 2), precision);
  Values want_y, want_grad_x(x.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    want_y.push_back(x[places[i]]);
    want_grad_x[places[i]] = grad_y[i];
  }
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers training({crop2d(kBorder)}, image, kCropBatch, PlanMode::kTraining, arena,
                         precision);
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(training.forward(x), want_y);
    EXPECT_EQ(training.backward(grad_y), want_grad_x);
  }
  ParameterArena other(/*with_gradients=*/false);
  PlannedLayers inference({crop2d(kBorder)}, image, kCropBatch, PlanMode::kInference, other,
                          precision);
  EXPECT_EQ(inference.forward(x), want_y);
}

INSTANTIATE_TEST_SUITE_P(
    , Crop2dTest,
    ::testing::Combine(::testing::Values(Shape{1, 28, 28}, Shape{3, 5, 8}, Shape{20, 9, 7}),
                       ::testing::Values(Precision::kFloat32, Precision::kBFloat16)));

TEST(Crop2d, RefusesImagesWithoutAnInside) {
  const Crop2dLayer crop({.border = 2});
  EXPECT_EQ(crop.output_shape({3, 5, 9}), (Shape{3, 1, 5}));
  for (const Shape& shape : {Shape{1, 4, 9}, Shape{1, 9, 4}, Shape{784}})
    test::expect_error(ErrorCode::kShapeMismatch,
                       {"crop2d: expected [channels, height ≥ 5, width ≥ 5]", shape.to_string()},
                       [&] { crop.output_shape(shape); });
}

}  // namespace
}  // namespace digitry
