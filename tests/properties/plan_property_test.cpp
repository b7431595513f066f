#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "digitry/nn/plan/plan.h"
#include "tests/properties/generated.h"
#include "tests/support/gradient_check.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"

// A plan of batch n computes the same as n plans of batch 1, with any kernels.

namespace digitry {
namespace {

using test::Batch;

// Both sum the same terms of float32, at most some thousand for a value and through ten layers, in
// another order. The error of such a sum is some √terms · 2⁻²⁴ of its largest terms, 10⁻⁶ and less,
// and layers pass it on; 1.1·10⁻⁶ is the largest difference that was found, with the kernels for
// SSE4.1, AVX2 and AVX-512. What goes wrong (another image's row, a window at its edge) is off by
// the size of the values themselves, which is 50,000 times what is allowed here.
constexpr double kTolerance = 2e-5;

double largest(std::span<const float> values) {
  double most = 0;
  for (const float value : values) most = std::max(most, std::fabs(double{value}));
  return most;
}

void expect_same_up_to_rounding(std::span<const float> got, std::span<const float> want) {
  test::expect_near(got, want, kTolerance * largest(want) + 1e-30, 0);
}

std::vector<float> logits(const Network& network, std::span<const float> input,
                          std::int64_t batch_size) {
  ParameterArena arena(/*with_gradients=*/false);
  Plan plan(network, batch_size, PlanMode::kInference, arena);
  arena.load(network.parameters());
  std::vector<float> all;
  for (; !input.empty(); input = input.subspan(plan.input().size())) {
    std::ranges::copy(input.first(plan.input().size()), plan.input().begin());
    plan.forward({});
    all.insert(all.end(), plan.logits().begin(), plan.logits().end());
  }
  return all;
}

Batch one_of(const Batch& batch, std::size_t image) {
  const std::size_t size = batch.input.size() / batch.labels.size();
  const auto first = batch.input.begin() + static_cast<std::ptrdiff_t>(image * size);
  return {.input = {first, first + static_cast<std::ptrdiff_t>(size)},
          .labels = {batch.labels[image]}};
}

TEST(PlanProperty, LogitsOfABatchAreThoseOfItsImages) {
  for (const std::uint64_t seed : test::seeds(300)) {
    test::Draw draw(seed);
    const test::Architecture drawn = test::generated_architecture(draw);
    const std::int64_t batch_size = draw.integer(2, 20);
    SCOPED_TRACE(test::described(seed, to_text(drawn)) + "batch " + std::to_string(batch_size));
    const Network network =
        test::random_network(drawn.image, drawn.num_classes, drawn.layers, seed);
    const Batch batch = test::random_batch(network, batch_size, static_cast<std::uint32_t>(seed));
    expect_same_up_to_rounding(logits(network, batch.input, batch_size),
                               logits(network, batch.input, 1));
    if (testing::Test::HasFailure()) return;  // One case is enough to read.
  }
}

// The gradient of a mean is the mean of the gradients.
TEST(PlanProperty, GradientsOfABatchAreTheMeanOfThoseOfItsImages) {
  for (const std::uint64_t seed : test::seeds(100)) {
    test::Draw draw(seed);
    const test::Architecture drawn =
        test::generated_architecture(draw, test::LayerChoice::kSmoothPerImage);
    const std::int64_t batch_size = draw.integer(2, 9);
    SCOPED_TRACE(test::described(seed, to_text(drawn)) + "batch " + std::to_string(batch_size));
    const Network network =
        test::random_network(drawn.image, drawn.num_classes, drawn.layers, seed);
    const Batch batch = test::random_batch(network, batch_size, static_cast<std::uint32_t>(seed));
    const std::vector<Parameter> got = test::PlannedNetwork(network, batch).gradients();
    std::vector<std::vector<float>> mean(got.size());
    for (std::size_t image = 0; image < batch.labels.size(); ++image) {
      const auto one = test::PlannedNetwork(network, one_of(batch, image)).gradients();
      for (std::size_t i = 0; i < one.size(); ++i) {
        const auto values = one[i].value.as<float>();
        mean[i].resize(values.size());
        for (std::size_t k = 0; k < values.size(); ++k)
          mean[i][k] += values[k] / static_cast<float>(batch_size);
      }
    }
    for (std::size_t i = 0; i < got.size(); ++i) {
      SCOPED_TRACE(got[i].name);
      expect_same_up_to_rounding(got[i].value.as<float>(), mean[i]);
    }
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace digitry
