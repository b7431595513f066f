#include "digitry/kernels/softmax_cross_entropy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/cases/elementwise_cases.h"
#include "tests/golden/golden.h"
#include "tests/reference/reference.h"
#include "tests/support/gradient_check.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry::kernels {
namespace {

class SoftmaxCrossEntropy : public ::testing::TestWithParam<cases::SoftmaxCase> {};
INSTANTIATE_TEST_SUITE_P(Shapes, SoftmaxCrossEntropy, ::testing::ValuesIn(cases::kSoftmaxCases),
                         [](const auto& test) {
                           return std::to_string(test.param.batch_size) + "x" +
                                  std::to_string(test.param.num_classes);
                         });

TEST_P(SoftmaxCrossEntropy, IsTheReference) {
  const auto [rows, classes] = GetParam();
  for (const float spread : {0.01F, 1.0F, 30.0F}) {
    auto logits = test::random_values(rows * classes, 1);
    for (float& logit : logits) logit *= spread;
    const auto labels = test::random_labels(rows, classes, 1);
    const auto count = static_cast<std::size_t>(rows);
    std::vector<float> losses(count), want_losses(count), no_grad_losses(count);
    std::vector<float> grad(logits.size()), want_grad(logits.size());
    const auto want =
        reference::softmax_cross_entropy(logits, labels, classes, 0.25F, want_losses, want_grad);
    EXPECT_EQ(softmax_cross_entropy(logits, labels, classes, 0.25F, losses, grad), want);
    EXPECT_EQ(softmax_cross_entropy(logits, labels, classes, 1, no_grad_losses, {}), want);
    test::expect_near(losses, want_losses, 2e-6 * std::max(spread, 1.0F), 1e-6);
    test::expect_near(grad, want_grad, 1e-7, 2e-6);
    EXPECT_TRUE(test::same_bits(losses, no_grad_losses));
  }
}

TEST_P(SoftmaxCrossEntropy, WithSmoothedLabelsIsTheReference) {
  const auto [rows, classes] = GetParam();
  for (const float smoothing : {0.01F, 0.1F, 0.999F}) {
    auto logits = test::random_values(rows * classes, 1);
    for (float& logit : logits) logit *= 3;
    const auto labels = test::random_labels(rows, classes, 1);
    const auto count = static_cast<std::size_t>(rows);
    std::vector<float> losses(count), want_losses(count), no_grad_losses(count);
    std::vector<float> grad(logits.size()), want_grad(logits.size());
    const auto want = reference::softmax_cross_entropy(logits, labels, classes, 0.25F, want_losses,
                                                       want_grad, smoothing);
    EXPECT_EQ(softmax_cross_entropy(logits, labels, classes, 0.25F, losses, grad, smoothing), want);
    softmax_cross_entropy(logits, labels, classes, 1, no_grad_losses, {}, smoothing);
    test::expect_near(losses, want_losses, 5e-6, 2e-6);
    test::expect_near(grad, want_grad, 2e-7, 2e-6);
    EXPECT_TRUE(test::same_bits(losses, no_grad_losses));
  }
}

TEST(SmoothedLabels, GradientIsTheFiniteDifferences) {
  constexpr std::int64_t kRows = 4;
  constexpr std::int64_t kClasses = 5;
  auto logits = test::random_values(kRows * kClasses, 1);
  const auto labels = test::random_labels(kRows, kClasses, 1);
  std::vector<float> losses(kRows), grad(logits.size()), unused(logits.size());
  softmax_cross_entropy(logits, labels, kClasses, 1, losses, grad, 0.2F);
  const auto want = test::finite_differences(logits, 4e-3, [&] {
    reference::softmax_cross_entropy(logits, labels, kClasses, 1, losses, unused, 0.2F);
    return std::accumulate(losses.begin(), losses.end(), 0.0);
  });
  test::expect_near(grad, want, 3e-4, 2e-3);
}

TEST(SmoothedLabels, GradientIsZeroWhereTheProbabilitiesAreTheTargets) {
  // ε = 0.4 and four classes: 0.7 at the label, 0.1 elsewhere.
  std::vector<float> logits;
  for (const float p : {0.1F, 0.7F, 0.1F, 0.1F}) logits.push_back(std::log(p));
  std::vector<float> losses(1), grad(4);
  softmax_cross_entropy(logits, std::vector<std::int32_t>{1}, 4, 1, losses, grad, 0.4F);
  test::expect_near(grad, std::vector<float>(4), 1e-7, 0);
  EXPECT_NEAR(losses[0], -(0.7 * std::log(0.7) + 0.3 * std::log(0.1)), 1e-6);
}

TEST(SmoothedLabels, AreTheFrameworks) {
  const auto golden = test::read_golden("label_smoothing.json");
  const auto logits = test::floats(golden["logits"]);
  const auto labels = golden["labels"].get<std::vector<std::int32_t>>();
  std::vector<float> losses(labels.size()), grad(logits.size());
  softmax_cross_entropy(logits, labels, golden["num_classes"],
                        1.0F / static_cast<float>(labels.size()), losses, grad,
                        golden["label_smoothing"].get<float>());
  test::expect_near(losses, test::floats(golden["losses"]), 2e-6, 2e-6);
  test::expect_near(grad, test::floats(golden["logit_gradients"]), 1e-7, 2e-6);
}

TEST(SoftmaxCrossEntropyLimits, SurvivesLogitsThatWouldOverflowExp) {
  const std::vector<float> logits{1000, 0, -1000, 1000, 0, -1000};
  std::vector<float> losses(2);
  std::vector<float> grad(6);
  const std::int64_t correct =
      softmax_cross_entropy(logits, std::vector<std::int32_t>{0, 2}, 3, 1, losses, grad);
  EXPECT_EQ(correct, 1);
  EXPECT_EQ(losses, (std::vector<float>{0, 2000}));
  EXPECT_EQ(grad, (std::vector<float>{0, 0, 0, 1, 0, -1}));
}

TEST(SoftmaxCrossEntropyLimits, OfEqualLogitsTheFirstIsPredicted) {
  const std::vector<float> logits{1, 1, 1, 1};
  std::vector<float> losses(2);
  EXPECT_EQ(softmax_cross_entropy(logits, std::vector<std::int32_t>{0, 1}, 2, 1, losses, {}), 1);
  EXPECT_NEAR(losses[0], std::log(2.0), 1e-6);
}

TEST(SoftmaxCrossEntropyLimits, NotANumberComesOutAsOne) {
  const std::vector<float> logits{0, std::nanf(""), 1};
  std::vector<float> losses(1);
  softmax_cross_entropy(logits, std::vector<std::int32_t>{0}, 3, 1, losses, {});
  EXPECT_TRUE(std::isnan(losses[0])) << "training detects divergence by it";
}

}  // namespace
}  // namespace digitry::kernels
