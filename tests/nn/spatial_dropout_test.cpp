#include <gtest/gtest.h>

#include <cmath>

#include "digitry/nn/layers/dropout.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

using test::PlannedLayers;
using Values = std::vector<float>;

constexpr std::int64_t kNumImages = 40;
constexpr std::int64_t kChannels = 50;
constexpr std::size_t kPositions = 6;
constexpr double kRate = 0.25;
const Shape kImage{kChannels, 3, 2};

class SpatialDropoutTest : public ::testing::TestWithParam<Precision> {
 public:
  void SetUp() override {
    if (!test::has_precision(GetParam())) GTEST_SKIP() << "this processor lacks bfloat16";
  }
  ParameterArena arena{/*with_gradients=*/true};
};
INSTANTIATE_TEST_SUITE_P(Precisions, SpatialDropoutTest,
                         ::testing::Values(Precision::kFloat32, Precision::kBFloat16),
                         [](const auto& test) { return to_string(test.param); });

TEST_P(SpatialDropoutTest, DropsWholeChannelsAndTheirGradients) {
  PlannedLayers planned({test::spatial_dropout(kRate)}, kImage, kNumImages, PlanMode::kTraining,
                        arena, GetParam());
  const Values x = test::rounded(test::random_values(planned.output_size(), 1), GetParam());
  const Values grad_y = test::rounded(test::random_values(planned.output_size(), 2), GetParam());
  const StepContext context{.seed = 3, .step = 4};
  const Values y = planned.forward(x, context);
  const Values grad_x = planned.backward(grad_y, context);
  Values want(x.size());
  Values want_gradient(x.size());
  double dropped = 0;
  for (std::size_t plane = 0; plane < kNumImages * kChannels; ++plane) {
    const bool keep = y[plane * kPositions] != 0;
    dropped += keep ? 0 : 1;
    for (std::size_t i = plane * kPositions; i < (plane + 1) * kPositions; ++i) {
      want[i] = keep ? x[i] / static_cast<float>(1 - kRate) : 0.0F;
      want_gradient[i] = keep ? grad_y[i] / static_cast<float>(1 - kRate) : 0.0F;
    }
  }
  const double relative = GetParam() == Precision::kBFloat16 ? 0x1p-8 : 1e-6;
  test::expect_near(y, want, 0, relative);
  test::expect_near(grad_x, want_gradient, 0, relative);
  constexpr double kPlanes = kNumImages * kChannels;
  EXPECT_NEAR(dropped / kPlanes, kRate, 5 * std::sqrt(kRate * (1 - kRate) / kPlanes));
}

// After a convolution, channels are in blocks, and the last block is not full. After a convolution
// by a matrix product on plain planes they are not.
TEST_P(SpatialDropoutTest, DropsTheChannelsOfAnyLayout) {
  for (const std::int64_t channels : {32, 20, 7}) {
    const auto outputs = [&](double rate) {
      ParameterArena of_its_own(/*with_gradients=*/true);
      PlannedLayers planned({test::conv2d({.out_channels = channels}), test::spatial_dropout(rate)},
                            {16, 6, 5}, 3, PlanMode::kTraining, of_its_own, GetParam());
      for (const Operation& operation : planned.forward_operations())
        EXPECT_FALSE(operation.kernel.starts_with("ref")) << operation.kernel;
      Values all = planned.forward(test::random_values(3 * 16 * 30, 1), {.seed = 3});
      const Values ones(all.size(), 1);
      planned.backward(ones, {.seed = 3});
      const auto gradients = of_its_own.store(of_its_own.gradients());
      const auto by_bias = test::values_of(gradients, "1.bias");
      return std::pair(all, Values(by_bias.begin(), by_bias.end()));
    };
    constexpr std::size_t kPlane = 4 * 3;
    const auto [all, ones] = outputs(0);
    const auto [kept, gradient] = outputs(0.5);
    Values want = all;
    Values want_gradient(ones.size());
    for (std::size_t plane = 0; plane < all.size() / kPlane; ++plane) {
      const bool keep = kept[plane * kPlane] != 0;
      want_gradient[plane % ones.size()] += keep ? 2 * kPlane : 0;
      for (std::size_t i = plane * kPlane; i < (plane + 1) * kPlane; ++i)
        want[i] = keep ? 2 * all[i] : 0;
    }
    test::expect_near(kept, want, 0, 0);
    test::expect_near(gradient, want_gradient, 1e-4, 0);
  }
}

TEST_P(SpatialDropoutTest, DrawsFromTheStepContext) {
  PlannedLayers planned({test::spatial_dropout(kRate)}, kImage, kNumImages, PlanMode::kTraining,
                        arena, GetParam());
  const Values x = test::random_values(planned.output_size(), 1);
  const Values first = planned.forward(x, {.seed = 1, .step = 1});
  EXPECT_EQ(planned.forward(x, {.seed = 1, .step = 1}), first);
  EXPECT_NE(planned.forward(x, {.seed = 1, .step = 2}), first);
  EXPECT_NE(planned.forward(x, {.seed = 2, .step = 1}), first);
}

TEST_P(SpatialDropoutTest, DoesNothingAtRateZeroOrOutsideTraining) {
  const Values x =
      test::rounded(test::random_values(kNumImages * kImage.num_elements(), 1), GetParam());
  PlannedLayers planned({test::spatial_dropout(0)}, kImage, kNumImages, PlanMode::kTraining, arena,
                        GetParam());
  EXPECT_EQ(planned.forward(x), x);
  PlannedLayers inference({test::spatial_dropout(kRate)}, kImage, kNumImages, PlanMode::kInference,
                          arena, GetParam());
  EXPECT_EQ(inference.forward(x), x);
}

TEST(SpatialDropout, WantsImages) {
  test::expect_error(ErrorCode::kShapeMismatch,
                     {"spatial_dropout: expected [channels, height, width], got [784]"},
                     [] { SpatialDropoutLayer({}).output_shape({784}); });
}

}  // namespace
}  // namespace digitry
