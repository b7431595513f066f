#include "digitry/nn/plan/winograd_conv2d.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"
#include "tests/support/vector_levels.h"

// Convolutions in inference plans, at each instruction-set level, against the same layers one by
// one.

namespace digitry::test {
namespace {

using Values = std::vector<float>;

std::int64_t count_kernel(const Plan& plan) {
  return std::ranges::count(plan.forward_operations(),
                            std::string(kWinogradKernel) + ":" + to_string(vector_level()),
                            &Operation::kernel);
}

class WinogradLayers : public ::testing::TestWithParam<VectorLevel> {
 public:
  const ScopedVectorLevel level{GetParam()};

  // The logits of `batch_size` images by an inference plan.
  static Values logits(const Network& network, std::int64_t batch_size, std::int64_t kernels) {
    ParameterArena arena(/*with_gradients=*/false);
    Plan plan(network, batch_size, PlanMode::kInference, arena);
    arena.load(network.parameters());
    EXPECT_EQ(count_kernel(plan), kernels);
#if defined(__x86_64__)
    for (const Operation& operation : plan.forward_operations())
      EXPECT_FALSE(operation.kernel.starts_with("ref")) << operation.layer;
#endif
    std::ranges::copy(random_values(std::ssize(plan.input()), 3), plan.input().begin());
    plan.forward({});
    return {plan.logits().begin(), plan.logits().end()};
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, WinogradLayers, each_vector_level(),
                         [](const auto& test) { return name_of(test.param); });

// Before and after it: layers that read and write images in other blocks.
std::vector<Attributes> layers(const Attributes& activation) {
  return {conv2d({.out_channels = 16, .kernel_size = 3}),
          activation,
          conv2d({.out_channels = 32, .padding = 1}),
          layer("batch_norm"),
          activation,
          max_pool2d({.kernel_size = 3, .stride = 2}),
          conv2d({.out_channels = 48, .padding = 1, .bias = false}),
          activation,
          conv2d({.out_channels = 16}),
          activation,
          max_pool2d(),
          conv2d({.out_channels = 16, .kernel_size = 1}),
          flatten(),
          dense(5)};
}

TEST_P(WinogradLayers, AreTheLayersOneByOne) {
  for (const std::int64_t batch_size : {1, 3}) {
    const Network fused = random_network({1, 17, 16}, 5, layers(relu()));
    const Network apart = random_network({1, 17, 16}, 5, layers(unfused_relu()));
    expect_near(logits(fused, batch_size, 3), logits(apart, batch_size, 3), 1e-4, 1e-4);
  }
}

TEST_P(WinogradLayers, FollowNewParameters) {
  const std::vector<Attributes> some{conv2d({.out_channels = 16}),
                                     relu(),
                                     conv2d({.out_channels = 16}),
                                     relu(),
                                     max_pool2d(),
                                     flatten(),
                                     dense(3)};
  const Network first = random_network({1, 9, 9}, 3, some, 1);
  const Network second = random_network({1, 9, 9}, 3, some, 2);
  ParameterArena arena(/*with_gradients=*/false);
  Plan plan(first, 1, PlanMode::kInference, arena);
  std::ranges::copy(random_values(81, 3), plan.input().begin());
  for (const Network* network : {&first, &second}) {
    arena.load(network->parameters());
    plan.forward({});
    EXPECT_TRUE(same_bits(plan.logits(), logits(*network, 1, 1)));
  }
}

TEST_P(WinogradLayers, AreNotForImagesThatAreMostlyBorder) {
  const auto supports = [](std::int64_t side, std::int64_t padding = 0) {
    return supports_winograd_conv2d(Conv2dLayer({.out_channels = 16, .padding = padding}), nullptr,
                                    {16, side, side}, Precision::kFloat32);
  };
  EXPECT_FALSE(supports(3));
  EXPECT_TRUE(supports(4));
  EXPECT_FALSE(supports(1, 1));
  EXPECT_TRUE(supports(2, 1));
}

TEST_P(WinogradLayers, LeaveTheRestToOneDnn) {
  const auto supports = [](const Conv2d& options, std::int64_t channels = 16,
                           Precision precision = Precision::kFloat32) {
    return supports_winograd_conv2d(Conv2dLayer(options), nullptr, {channels, 9, 9}, precision);
  };
  EXPECT_TRUE(supports({.out_channels = 16}));
  EXPECT_FALSE(supports({.out_channels = 16}, 16, Precision::kBFloat16));
  EXPECT_FALSE(supports({.out_channels = 16}, 8));
  EXPECT_FALSE(supports({.out_channels = 12}));
  EXPECT_FALSE(supports({.out_channels = 16, .kernel_size = 5}));
  EXPECT_FALSE(supports({.out_channels = 16, .stride = 2}));
  EXPECT_FALSE(supports({.out_channels = 16, .groups = 16}));
}

}  // namespace
}  // namespace digitry::test
