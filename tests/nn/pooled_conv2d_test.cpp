#include "digitry/nn/plan/pooled_conv2d.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "digitry/base/vectorize.h"
#include "digitry/nn/cpu_info.h"
#include "tests/support/gradient_check.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"

// A convolution with ReLU and max-pooling, planned as one, against the same three layers planned
// separately.

namespace digitry::test {
namespace {

using Values = std::vector<float>;

const std::string kKernel = "digitry:pooled_conv2d";

// oneDNN has a forward kernel for blocks of sixteen channels only with vectors of 512 bits. In
// float32, kernels of 3 × 3 have one of Digitry's own.
bool has_wide_vectors() {
  const std::string set = cpu_info().onednn_isa;
  return set.starts_with("avx512") || set == "sve512";
}

std::int64_t count_kernel(const std::vector<Operation>& operations) {
  return std::ranges::count(operations, kKernel + ":" + to_string(vector_level()),
                            &Operation::kernel);
}

class PooledConv2dLayers : public ::testing::TestWithParam<Precision> {
 public:
  void SetUp() override {
    if (!has_precision(precision)) GTEST_SKIP() << "this processor lacks bfloat16";
  }
  const Precision precision = GetParam();
};

INSTANTIATE_TEST_SUITE_P(Precisions, PooledConv2dLayers,
                         ::testing::Values(Precision::kFloat32, Precision::kBFloat16),
                         [](const auto& test) { return to_string(test.param); });

// Between other layers, in a training plan over an arena whose layout another plan chose.
TEST_P(PooledConv2dLayers, AreTheLayersOneByOne) {
  const Shape image{1, 17, 16};
  constexpr std::int64_t kBatch = 6;
  const Values x = rounded(random_values(kBatch * image.num_elements(), 1), precision);
  const Values grad_y = rounded(random_values(kBatch * 32 * 3 * 3, 2), precision);
  const auto run = [&](const Attributes& activation, bool inference_first, std::int64_t kernels) {
    const std::vector<Attributes> layers{
        conv2d({.out_channels = 32, .padding = 1}),
        relu(),
        conv2d({.out_channels = 32, .kernel_size = 5, .padding = 1}),
        activation,
        max_pool2d(),
        conv2d({.out_channels = 32, .padding = 1}),
        activation,
        max_pool2d()};
    ParameterArena arena(/*with_gradients=*/true);
    if (inference_first)
      PlannedLayers(layers, image, kBatch + 1, PlanMode::kInference, arena, precision);
    PlannedLayers planned(layers, image, kBatch, PlanMode::kTraining, arena, precision);
    EXPECT_EQ(count_kernel(planned.backward_operations()), kernels);
    std::vector<Values> all{planned.forward(x), planned.backward(grad_y)};
    for (const Parameter& gradient : arena.store(arena.gradients()))
      all.emplace_back(gradient.value.as<float>().begin(), gradient.value.as<float>().end());
    return all;
  };
  const auto want = run(unfused_relu(), false, 0);
  for (const bool inference_first : {false, true}) {
    const auto got = run(relu(), inference_first, has_wide_vectors() ? 2 : 1);
    ASSERT_EQ(got.size(), 8u);
    for (std::size_t i = 0; i < got.size(); ++i) {
      SCOPED_TRACE(i);
      // Two layers of sums of some hundred products of rounded factors.
      const bool bf16 = precision == Precision::kBFloat16;
      expect_near(got[i], want[i], bf16 ? 0.25 : 1e-3, bf16 ? 0x1p-5 : 1e-4);
    }
  }
}

// For images with a single channel, in training and inference.
TEST_P(PooledConv2dLayers, OfTheFirstLayerAreTheLayersOneByOne) {
  for (const std::int64_t kernel_size : {3, 5}) {
    const auto logits = [&](const Attributes& activation, PlanMode mode, std::int64_t kernels) {
      const Network network =
          random_network({1, 13, 14}, 3,
                         {conv2d({.out_channels = 32, .kernel_size = kernel_size}), activation,
                          max_pool2d(), flatten(), dense(3)});
      ParameterArena arena(mode == PlanMode::kTraining);
      Plan plan(network, 4, mode, arena, precision);
      arena.load(network.parameters());
      EXPECT_EQ(count_kernel(plan.forward_operations()), kernels);
      std::ranges::copy(random_values(4 * 13 * 14, 3), plan.input().begin());
      plan.forward({});
      return Values(plan.logits().begin(), plan.logits().end());
    };
    const bool bf16 = precision == Precision::kBFloat16;
    for (const PlanMode mode : {PlanMode::kTraining, PlanMode::kInference})
      expect_near(logits(relu(), mode, 1), logits(unfused_relu(), mode, 0), bf16 ? 0.05 : 1e-5,
                  bf16 ? 0x1p-5 : 1e-5);
  }
}

// Few windows, and batches that stay away from their kinks.
TEST(PooledConv2d, GradientsByFiniteDifferences) {
  check_gradients({1, 6, 4},
                  {conv2d({.out_channels = 16}), relu(), max_pool2d(), flatten(), dense(3)}, 2, 1);
  check_gradients({1, 5, 5},
                  {conv2d({.out_channels = 16, .padding = 1}), layer("tanh"),
                   conv2d({.out_channels = 16, .kernel_size = 5, .padding = 1, .bias = false}),
                   relu(), max_pool2d(), dropout(0.3), flatten(), dense(3)},
                  2, 8, {.seed = 3, .step = 1});
}

TEST(PooledConv2d, LeavesEverythingElseToTheLayers) {
  const auto kernels = [](const Attributes& conv, const Attributes& pool) {
    ParameterArena arena(/*with_gradients=*/true);
    const PlannedLayers planned({conv2d({.out_channels = 16}), conv, relu(), pool}, {1, 16, 16}, 2,
                                PlanMode::kTraining, arena);
    return count_kernel(planned.backward_operations());
  };
  const Attributes conv = conv2d({.out_channels = 16});
  EXPECT_EQ(kernels(conv, max_pool2d()), 1);
  EXPECT_EQ(kernels(conv, avg_pool2d()), 0);
  EXPECT_EQ(kernels(conv, max_pool2d({.kernel_size = 3, .stride = 2})), 0);
  EXPECT_EQ(kernels(conv, max_pool2d({.padding = 1})), 0);
  EXPECT_EQ(kernels(conv2d({.out_channels = 16, .stride = 2}), max_pool2d()), 0);
  EXPECT_EQ(kernels(conv2d({.out_channels = 16, .groups = 16}), max_pool2d()), 0);
  EXPECT_EQ(kernels(conv2d({.out_channels = 12}), max_pool2d()), 0);
  EXPECT_EQ(kernels(conv2d({.out_channels = 16, .kernel_size = 2}), max_pool2d()), 0);
}

// Another layer that reads the input of the max-pooling prevents fusion.
TEST(PooledConv2d, LeavesWhatAnotherLayerReads) {
  ParameterArena arena(/*with_gradients=*/true);
  const PlannedLayers planned(
      {conv2d({.out_channels = 16}), conv2d({.out_channels = 16, .padding = 1}), relu(),
       max_pool2d({.kernel_size = 1, .stride = 1}), add(1)},
      {1, 8, 8}, 2, PlanMode::kTraining, arena);
  EXPECT_EQ(count_kernel(planned.backward_operations()), 0);
}

}  // namespace
}  // namespace digitry::test
