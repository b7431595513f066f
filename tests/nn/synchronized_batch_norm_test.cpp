#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "digitry/nn/layers/batch_norm.h"
#include "tests/cases/batch_norm_cases.h"
#include "tests/reference/reference.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/thread_ranks.h"
#include "tests/support/values.h"

// Batch norm over the images of several ranks, against the reference of the whole batch.

namespace digitry {
namespace {

namespace reference = kernels::reference;
using cases::BatchNormCase;
using test::expect_near;
using test::PlannedLayers;
using test::values_of;
using Values = std::vector<float>;

constexpr BatchNorm kSharedNorm{.momentum = 0.3, .epsilon = 1e-3};

class SynchronizedBatchNorm
    : public ::testing::TestWithParam<std::tuple<BatchNormCase, Precision>> {
 public:
  void SetUp() override {
    if (!test::has_precision(precision)) GTEST_SKIP() << "this processor lacks bfloat16";
    // Not centred, like the output of a convolution.
    for (float& value : x) value = 2 * value + 1;
    x = test::rounded(x, precision);
    reference::batch_norm_statistics(norm.shape(), x, mean, variance);
  }

  const BatchNormCase norm = std::get<0>(GetParam());
  const Precision precision = std::get<1>(GetParam());
  const std::int64_t per_image = norm.image().num_elements();
  Values x = test::random_values(norm.batch_size * per_image, 1);
  Values grad_y = test::rounded(test::random_values(norm.batch_size * per_image, 2), precision);
  Values mean = Values(static_cast<std::size_t>(norm.channels));
  Values variance = mean;

  // The images of a rank.
  Values rows(const Values& all, const Share& share) const {
    return {all.begin() + share.first * per_image,
            all.begin() + (share.first + share.count) * per_image};
  }

  // A bound of |weight| / √(var + ε) · |grad_y|: weights are below 4.
  double largest_part() const {
    const auto largest = [](const Values& values) {
      return double{*std::ranges::max_element(values)};
    };
    Values scales, sizes;
    for (const float v : variance)
      scales.push_back(static_cast<float>(4 / std::sqrt(v + kSharedNorm.epsilon)));
    for (const float g : grad_y) sizes.push_back(std::fabs(g));
    return largest(scales) * largest(sizes);
  }

  // Plans `layers`, of which the first is batch norm, on `size` ranks. Each checks its rows, and
  // what all ranks have in common.
  void check(const std::vector<Attributes>& layers, int size) {
    const bool relu = layers.size() > 1;
    Values y(x.size()), grad_x(x.size()), grad_weight(mean.size()), grad_bias(mean.size());
    Values by_y = grad_y;
    Values moved_mean, moved_variance;
    {
      ParameterArena arena(/*with_gradients=*/true);
      const PlannedLayers planned(layers, norm.image(), 1, PlanMode::kTraining, arena);
      const auto weight = values_of(planned.parameters(), "1.weight");
      reference::batch_norm_forward(norm.shape(), kSharedNorm.epsilon, x, mean, variance, weight,
                                    values_of(planned.parameters(), "1.bias"), y);
      if (relu) {
        for (std::size_t i = 0; i < y.size(); ++i)
          if (std::fabs(y[i]) < 1e-3F) grad_y[i] = 0;  // Rounding decides whether it passes.
        by_y = grad_y;
        reference::relu_forward(y);
        reference::relu_backward(y, by_y);
      }
      reference::batch_norm_backward(norm.shape(), kSharedNorm.epsilon, x, weight, by_y, grad_x,
                                     grad_weight, grad_bias);
      const auto initial = [&](const char* name) {
        const auto values = values_of(planned.parameters(), name);
        return Values(values.begin(), values.end());
      };
      moved_mean = initial("1.running_mean");
      moved_variance = initial("1.running_var");
      reference::batch_norm_move_statistics(norm.shape(), kSharedNorm.momentum, mean, variance,
                                            moved_mean, moved_variance);
    }
    const bool half = precision == Precision::kBFloat16;
    const double sums = 1e-5 * (2 + std::sqrt(static_cast<double>(x.size())));
    test::run_ranks(size, [&](Communicator& ranks) {
      const Share share = share_of(ranks, norm.batch_size);
      const StepContext context{.first_row = share.first, .in_batch = share.count > 0};
      ParameterArena arena(/*with_gradients=*/true);
      PlannedLayers planned(layers, norm.image(), std::max<std::int64_t>(share.count, 1),
                            PlanMode::kTraining, arena, precision, &ranks);
      const Values blank(static_cast<std::size_t>(per_image));
      const Values got_y = planned.forward(context.in_batch ? rows(x, share) : blank, context);
      const Values got = planned.backward(context.in_batch ? rows(grad_y, share) : blank, context);
      if (context.in_batch) {
        expect_near(got_y, rows(y, share), 3e-5, half ? 0x1p-8 : 1e-5);
        // Sums of few values nearly cancel, and are then scaled by up to 1/√ε. In bfloat16 the part
        // of grad_y is rounded before the sums are subtracted from it.
        expect_near(got, rows(grad_x, share), half ? 0x1p-8 * largest_part() : 1e-4,
                    half ? 0x1p-8 : 1e-4);
      } else {
        EXPECT_EQ(got, blank) << "images that do not count have no gradient";
      }
      const auto values = arena.store(arena.values());
      expect_near(values_of(values, "1.running_mean"), moved_mean, 1e-5, 1e-5);
      expect_near(values_of(values, "1.running_var"), moved_variance, 1e-5, 1e-5);
      ranks.start_sum(arena.gradients());
      ranks.finish_sums();
      const auto gradients = arena.store(arena.gradients());
      expect_near(values_of(gradients, "1.weight"), grad_weight, sums, 1e-5);
      expect_near(values_of(gradients, "1.bias"), grad_bias, sums, 1e-5);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Extents, SynchronizedBatchNorm,
                         ::testing::Combine(::testing::ValuesIn(cases::kBatchNormCases),
                                            ::testing::Values(Precision::kFloat32,
                                                              Precision::kBFloat16)),
                         [](const auto& test) {
                           return cases::name_of(std::get<0>(test.param)) + "_" +
                                  to_string(std::get<1>(test.param));
                         });

// Also more ranks than images.
TEST_P(SynchronizedBatchNorm, IsTheReferenceOfTheWholeBatch) {
  for (const int size : {2, 3}) check({test::batch_norm(kSharedNorm)}, size);
}

TEST_P(SynchronizedBatchNorm, WithReluIsTheReferenceOfTheWholeBatch) {
  check({test::batch_norm(kSharedNorm), test::relu()}, 2);
}

}  // namespace
}  // namespace digitry
