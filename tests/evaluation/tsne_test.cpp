#include "digitry/evaluation/tsne.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "digitry/base/parallel.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry::test {
namespace {

constexpr std::int64_t kFeatures = 20;

/// `count` points around each of four centres with distance `spread`; the noise has deviation 1.
Tensor groups(std::int64_t count, float spread) {
  Tensor rows({4 * count, kFeatures}, DType::kF32);
  const std::vector<float> noise = random_values(rows.num_elements(), 1);
  for (std::int64_t i = 0; i < 4 * count; ++i)
    for (std::int64_t f = 0; f < kFeatures; ++f) {
      const auto at = static_cast<std::size_t>(i * kFeatures + f);
      rows.as<float>()[at] = noise[at] + (f == i / count ? spread : 0);
    }
  return rows;
}

double distance(const Tensor& map, std::int64_t i, std::int64_t j) {
  const auto at = [&](std::int64_t point, std::size_t axis) {
    return double{map.as<float>()[2 * static_cast<std::size_t>(point) + axis]};
  };
  return std::hypot(at(i, 0) - at(j, 0), at(i, 1) - at(j, 1));
}

double squared_distance(std::span<const float> rows, std::size_t width, std::size_t i,
                        std::size_t j) {
  double sum = 0;
  for (std::size_t f = 0; f < width; ++f)
    sum += std::pow(double{rows[i * width + f]} - double{rows[j * width + f]}, 2);
  return sum;
}

// The source's p_ij, [N, N], to all points: the precision of each found by bisection.
std::vector<double> joint_probabilities(const Tensor& rows, double perplexity) {
  const auto n = static_cast<std::size_t>(rows.shape()[0]);
  const auto width = static_cast<std::size_t>(rows.shape()[1]);
  std::vector<double> joint(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> given(n);
    double low = 0, high = 1000;
    for (int step = 0; step < 100; ++step) {
      const double beta = (low + high) / 2;
      double sum = 0, entropy = 0;
      for (std::size_t j = 0; j < n; ++j) {
        given[j] = j == i ? 0 : std::exp(-beta * squared_distance(rows.as<float>(), width, i, j));
        sum += given[j];
      }
      for (double& p : given) {
        p /= sum;
        if (p > 0) entropy -= p * std::log(p);
      }
      (entropy > std::log(perplexity) ? low : high) = beta;
    }
    for (std::size_t j = 0; j < n; ++j) {
      joint[i * n + j] += given[j] / (2 * static_cast<double>(n));
      joint[j * n + i] += given[j] / (2 * static_cast<double>(n));
    }
  }
  return joint;
}

// Kullback-Leibler divergence between p_ij and q_ij of the map, which t-SNE minimises.
double divergence(const std::vector<double>& joint, std::span<const float> map) {
  const std::size_t n = map.size() / 2;
  double total = 0, sum = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      if (i != j) total += 1 / (1 + squared_distance(map, 2, i, j));
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      if (i != j && joint[i * n + j] > 0)
        sum += joint[i * n + j] *
               std::log(joint[i * n + j] * total * (1 + squared_distance(map, 2, i, j)));
  return sum;
}

TEST(Tsne, EndsWhereNoPointCanBetterItsPlace) {
  Tensor rows({40, 5}, DType::kF32);
  std::ranges::copy(random_values(rows.num_elements(), 4), rows.as<float>().begin());
  // To the nearest 3 · 13 points: all of them.
  const Tensor map = tsne(rows, {.perplexity = 13, .num_steps = 3000});
  const std::vector<double> joint = joint_probabilities(rows, 13);
  const auto places = map.as<float>();
  std::vector<float> moved(places.begin(), places.end());
  for (float& place : moved) {
    const float at = place;
    constexpr float kStep = 0.01F;
    place = at + kStep;
    const double above = divergence(joint, moved);
    place = at - kStep;
    const double below = divergence(joint, moved);
    place = at;
    EXPECT_NEAR((above - below) / double{2 * kStep}, 0, 1e-4);
  }
}

TEST(Tsne, KeepsGroupsTogetherAndApart) {
  constexpr std::int64_t kCount = 30;
  const Tensor map = tsne(groups(kCount, 25), {.perplexity = 10});
  ASSERT_EQ(map.shape(), (Shape{4 * kCount, 2}));
  for (std::int64_t i = 0; i < 4 * kCount; ++i) {
    double within = 0, between = HUGE_VAL;
    for (std::int64_t j = 0; j < 4 * kCount; ++j)
      if (i / kCount == j / kCount)
        within = std::max(within, distance(map, i, j));
      else
        between = std::min(between, distance(map, i, j));
    EXPECT_LT(within, 2 * between) << "point " << i;
    EXPECT_GT(between, 1) << "point " << i;
  }
}

TEST(Tsne, KeepsTheOrderOfALine) {
  constexpr std::int64_t kCount = 60;
  Tensor line({kCount, 3}, DType::kF32);
  for (std::int64_t i = 0; i < kCount; ++i)
    line.as<float>()[static_cast<std::size_t>(3 * i)] = static_cast<float>(i);
  const Tensor map = tsne(line, {.perplexity = 5});
  for (std::int64_t i = 2; i < kCount; ++i)
    EXPECT_LT(distance(map, i, i - 1), distance(map, i, i - 2) + 1e-3) << i;
  EXPECT_GT(distance(map, 0, kCount - 1), distance(map, 0, 1));
}

TEST(Tsne, IsTheSameEachTime) {
  const Tensor rows = groups(20, 5);
  const Tensor first = tsne(rows), again = tsne(rows);
  EXPECT_TRUE(same_bits(first.as<float>(), again.as<float>()));
  const ScopedNumThreads one(1);
  EXPECT_TRUE(same_bits(tsne(rows).as<float>(), first.as<float>()));
}

TEST(Tsne, BeginsAlongThePrincipalAxes) {
  // Widest along the first feature, then along the second.
  Tensor rows({50, 4}, DType::kF32);
  const std::vector<float> noise = random_values(rows.num_elements(), 2);
  for (std::size_t i = 0; i < noise.size(); ++i)
    rows.as<float>()[i] = noise[i] * std::array{9.0F, 3.0F, 0.5F, 0.1F}[i % 4];
  const Tensor start = tsne(rows, {.num_steps = 0});
  for (std::size_t axis = 0; axis < 2; ++axis) {
    double xy = 0, xx = 0, yy = 0, mean = 0;
    for (std::size_t i = 0; i < 50; ++i) mean += double{rows.as<float>()[4 * i + axis]} / 50;
    for (std::size_t i = 0; i < 50; ++i) {
      const double x = start.as<float>()[2 * i + axis];
      const double y = double{rows.as<float>()[4 * i + axis]} - mean;
      xy += x * y;
      xx += x * x;
      yy += y * y;
    }
    EXPECT_GT(std::abs(xy) / std::sqrt(xx * yy), 0.95) << axis;
  }
}

TEST(Tsne, HasAPlaceForFewAndForEqualPoints) {
  for (const std::int64_t count : {1, 2, 3, 5}) {
    const Tensor map = tsne(Tensor({count, 3}, DType::kF32));
    ASSERT_EQ(map.shape(), (Shape{count, 2}));
    for (const float place : map.as<float>()) EXPECT_TRUE(std::isfinite(place)) << count;
  }
  Tensor twins = groups(10, 8);
  const auto values = twins.as<float>();
  std::copy_n(values.begin(), 10 * kFeatures, values.begin() + 10 * kFeatures);
  const Tensor map = tsne(twins);
  for (const float place : map.as<float>()) EXPECT_TRUE(std::isfinite(place));
}

TEST(Tsne, RefusesWhatItCannotDraw) {
  expect_error(ErrorCode::kShapeMismatch, {"[N, F]"}, [] { tsne(Tensor({0, 3}, DType::kF32)); });
  expect_error(ErrorCode::kShapeMismatch, {"[4]"}, [] { tsne(Tensor({4}, DType::kF32)); });
  expect_error(ErrorCode::kInvalidArgument, {"10000 rows"}, [] {
    tsne(Tensor({10'001, 1}, DType::kF32));
  });
  for (const double bad : {0.0, std::nan("")})
    expect_error(ErrorCode::kInvalidArgument, {"perplexity"}, [&] {
      tsne(Tensor({4, 1}, DType::kF32), {.perplexity = bad});
    });
}

}  // namespace
}  // namespace digitry::test
