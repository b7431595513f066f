#include "digitry/kernels/sparse_dense.h"

#include <gtest/gtest.h>

#include "digitry/base/parallel.h"
#include "tests/reference/reference.h"
#include "tests/support/values.h"
#include "tests/support/vector_levels.h"

// Against the reference kernel on small whole numbers: sums are exact, results must be equal.

namespace digitry::test {
namespace {

using Values = std::vector<float>;

struct SparseDenseCase {
  std::int64_t batch_size, in_features, out_features;
};

// Inputs: fewer than a register holds, not a multiple of it, many. Outputs: one register, one task
// with a remainder, several tasks, enough work for several threads.
constexpr SparseDenseCase kSparseDenseCases[] = {{1, 3, 16},    {2, 16, 64},   {3, 100, 80},
                                                 {1, 784, 128}, {8, 784, 512}, {5, 33, 208}};

void expect_reference(const SparseDenseCase& extents, const Values& x, bool with_bias, bool relu) {
  const auto [batch_size, in_features, out_features] = extents;
  const Values weight = whole_values(out_features * in_features, 2);
  const Values bias =
      with_bias ? whole_values(out_features, 3) : Values(static_cast<std::size_t>(out_features));
  Values transposed(weight.size());
  for (std::int64_t oc = 0; oc < out_features; ++oc)
    for (std::int64_t ic = 0; ic < in_features; ++ic)
      transposed[static_cast<std::size_t>(ic * out_features + oc)] =
          weight[static_cast<std::size_t>(oc * in_features + ic)];
  Values want(static_cast<std::size_t>(batch_size * out_features));
  kernels::reference::dense_forward({batch_size, in_features, out_features}, x, weight, bias, want);
  if (relu) kernels::reference::relu_forward(want);
  Values got(want.size(), -1);
  kernels::SparseDense run(batch_size, in_features, out_features);
  run(x.data(), transposed.data(), with_bias ? bias.data() : nullptr, relu, got.data());
  EXPECT_EQ(got, want);
}

class SparseDenseTest : public ::testing::TestWithParam<VectorLevel> {
  const ScopedVectorLevel level_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Levels, SparseDenseTest, each_vector_level(),
                         [](const auto& test) { return name_of(test.param); });

TEST_P(SparseDenseTest, IsTheReference) {
  for (const SparseDenseCase& extents : kSparseDenseCases) {
    SCOPED_TRACE(extents.out_features);
    Values x = whole_values(extents.batch_size * extents.in_features, 1);
    expect_reference(extents, x, /*with_bias=*/true, /*relu=*/true);
    for (std::size_t i = 0; i < x.size(); ++i)
      if (i / 16 % 2 == 0 || i % 3 == 0) x[i] = 0;
    expect_reference(extents, x, /*with_bias=*/true, /*relu=*/false);
    expect_reference(extents, x, /*with_bias=*/false, /*relu=*/true);
    expect_reference(extents, Values(x.size()), /*with_bias=*/true, /*relu=*/false);
    const ScopedNumThreads threads(3);
    expect_reference(extents, x, /*with_bias=*/true, /*relu=*/false);
  }
}

TEST_P(SparseDenseTest, ListsAnewForEachBatch) {
  kernels::SparseDense run(1, 2, 16);
  const Values weight(32, 1);
  Values y(16);
  for (const auto& [x, want] : {std::pair{Values{1, 2}, 3.0F},
                                {Values{0, 2}, 2.0F},
                                {Values{0, 0}, 0.0F},
                                {Values{-1, 0}, -1.0F}}) {
    run(x.data(), weight.data(), nullptr, false, y.data());
    EXPECT_EQ(y, Values(16, want));
  }
}

}  // namespace
}  // namespace digitry::test
