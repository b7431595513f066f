#include "digitry/evaluation/tsne.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/vectorize.h"
#include "digitry/kernels/vectors.h"

namespace digitry {
namespace {

constexpr std::int64_t kMaxPoints = 10'000;
constexpr int kPowerSteps = 30;
constexpr int kBisections = 50;
constexpr double kMaxEntropyError = 1e-4;
// Sec. 3.4 of the source: affinities are exaggerated at first, so that groups form.
constexpr float kExaggeration = 12;
constexpr double kExaggeratedShare = 0.3;
constexpr double kStartDeviation = 1e-4;

using Vector = std::vector<float>;

/// N × N, row by row.
class SquareMatrix {
 public:
  explicit SquareMatrix(std::size_t size) : size_(size), values_(size * size) {}

  std::size_t size() const { return size_; }
  std::span<float> row(std::size_t i) { return std::span(values_).subspan(i * size_, size_); }
  std::span<const float> row(std::size_t i) const {
    return std::span(values_).subspan(i * size_, size_);
  }

 private:
  std::size_t size_;
  Vector values_;
};

SquareMatrix squared_distances(const Tensor& rows) {
  const auto num_features = static_cast<std::size_t>(rows.shape()[1]);
  const float* values = rows.as<float>().data();
  SquareMatrix squared(static_cast<std::size_t>(rows.shape()[0]));
  for (std::size_t i = 0; i < squared.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      squared.row(i)[j] = squared.row(j)[i] =
          squared_distance(values + i * num_features, values + j * num_features, rows.shape()[1]);
  return squared;
}

double dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

void subtract(double factor, const Vector& b, Vector& a) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= static_cast<float>(factor * b[i]);
}

/// Makes `vector` sum to 0, orthogonal to `axis` if there is one, and of length 1, if it is not 0.
void normalise(Vector& vector, const Vector* axis) {
  const auto mean = static_cast<float>(std::accumulate(vector.begin(), vector.end(), 0.0) /
                                       static_cast<double>(vector.size()));
  for (float& value : vector) value -= mean;
  if (axis != nullptr) subtract(dot(*axis, vector), *axis, vector);
  const double length = std::sqrt(dot(vector, vector));
  if (length > 0)
    for (float& value : vector) value = static_cast<float>(value / length);
}

/// The positions of the points along their two principal axes, each of length 1: eigenvectors of
/// −½·J·D·J, D being the squared distances (Torgerson 1952), by power iteration.
void principal_positions(const SquareMatrix& squared, Vector& x, Vector& y) {
  const auto column = [&](std::size_t i) {
    return Vector(squared.row(i).begin(), squared.row(i).end());
  };
  x = column(0);
  y = column(static_cast<std::size_t>(std::ranges::max_element(x) - x.begin()));
  Vector next_x(x.size()), next_y(x.size());
  normalise(x, nullptr);
  normalise(y, &x);
  for (int step = 0; step < kPowerSteps; ++step) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto row = squared.row(i);
      next_x[i] = -std::inner_product(row.begin(), row.end(), x.begin(), 0.0F);
      next_y[i] = -std::inner_product(row.begin(), row.end(), y.begin(), 0.0F);
    }
    std::swap(x, next_x);
    std::swap(y, next_y);
    normalise(x, nullptr);
    normalise(y, &x);
  }
}

/// Weights e^(−beta·d) of squared distances d ≥ 0, and their entropy.
struct Weights {
  std::vector<double> of;
  double sum = 0;
  double entropy = 0;
};

Weights weights_of(const std::vector<float>& distances, double beta) {
  Weights weights;
  double weighted = 0;
  for (const float d : distances) {
    const double weight = std::exp(-beta * d);
    weights.of.push_back(weight);
    weights.sum += weight;
    weighted += weight * d;
  }
  weights.entropy = std::log(weights.sum) + beta * weighted / weights.sum;
  return weights;
}

/// Eq. 1 of the source: affinities of the points `near` to the point whose squared distances are
/// `squared`. Their width is chosen so that e^entropy equals the perplexity.
std::vector<double> affinities_to(std::span<const std::size_t> near, std::span<const float> squared,
                                  double perplexity) {
  std::vector<float> distances;
  for (const std::size_t j : near) distances.push_back(squared[j] - squared[near[0]]);
  const double mean = std::accumulate(distances.begin(), distances.end(), 0.0) /
                      static_cast<double>(distances.size());
  double low = 0, high = std::numeric_limits<double>::infinity();
  double beta = mean > 0 ? 1 / mean : 1;
  Weights weights = weights_of(distances, beta);
  for (int step = 0; step < kBisections; ++step) {
    const double excess = weights.entropy - std::log(perplexity);
    if (std::abs(excess) < kMaxEntropyError) break;
    (excess > 0 ? low : high) = beta;
    beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
    weights = weights_of(distances, beta);
  }
  for (double& weight : weights.of) weight /= weights.sum;
  return weights.of;
}

/// Affinities of all pairs, symmetric, with sum 1.
SquareMatrix affinities(const SquareMatrix& squared, double perplexity) {
  const std::size_t n = squared.size();
  const std::size_t num_near = std::min(n - 1, static_cast<std::size_t>(3 * perplexity + 1));
  SquareMatrix result(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = squared.row(i);
    std::vector<std::size_t> near(n);
    std::iota(near.begin(), near.end(), 0);
    near.erase(near.begin() + static_cast<std::ptrdiff_t>(i));
    std::ranges::partial_sort(near, near.begin() + static_cast<std::ptrdiff_t>(num_near), {},
                              [&](std::size_t j) { return std::pair(row[j], j); });
    near.resize(num_near);
    const std::vector<double> of = affinities_to(near, row, perplexity);
    for (std::size_t k = 0; k < num_near; ++k) {
      const auto half = static_cast<float>(of[k] / (2 * static_cast<double>(n)));
      result.row(i)[near[k]] += half;
      result.row(near[k])[i] += half;
    }
  }
  return result;
}

/// The forces on one point, eq. 5 of the source: attraction by its neighbours and repulsion by all
/// points.
struct Forces {
  float pull_x = 0, pull_y = 0;
  float push_x = 0, push_y = 0;
  float sum = 0;  ///< Sum of the kernel 1 / (1 + d²), including the point itself (1).
};

DIGITRY_INLINE void find_forces(const float* x, const float* y, const float* affinity,
                                std::int64_t count, std::int64_t point, Forces* forces) {
  const float own_x = x[point], own_y = y[point];
  float pull_x = 0, pull_y = 0, push_x = 0, push_y = 0, sum = 0;
#pragma omp simd reduction(+ : pull_x, pull_y, push_x, push_y, sum)
  for (std::int64_t j = 0; j < count; ++j) {
    const float dx = own_x - x[j], dy = own_y - y[j];
    const float kernel = 1 / (1 + dx * dx + dy * dy);
    const float pull = affinity[j] * kernel, push = kernel * kernel;
    pull_x += pull * dx;
    pull_y += pull * dy;
    push_x += push * dx;
    push_y += push * dy;
    sum += kernel;
  }
  *forces = {pull_x, pull_y, push_x, push_y, sum};
}

/// One coordinate of all points, moved by gradient descent with momentum and one gain per point,
/// which grows while the direction stays the same (Jacobs 1988).
class Coordinate {
 public:
  explicit Coordinate(Vector start)
      : at_(std::move(start)), velocity_(at_.size()), gain_(at_.size(), 1) {}

  const float* data() const { return at_.data(); }
  float operator[](std::size_t i) const { return at_[i]; }

  void move(std::size_t i, float gradient, float learning_rate, float momentum) {
    const bool same_way = (gradient > 0) == (velocity_[i] < 0);
    gain_[i] = same_way ? gain_[i] + 0.2F : std::max(0.01F, gain_[i] * 0.8F);
    velocity_[i] = momentum * velocity_[i] - learning_rate * gain_[i] * gradient;
    at_[i] += velocity_[i];
  }

 private:
  Vector at_, velocity_, gain_;
};

Vector scaled_to(Vector vector, double standard_deviation) {
  const double factor = standard_deviation * std::sqrt(static_cast<double>(vector.size()));
  for (float& value : vector) value = static_cast<float>(value * factor);
  return vector;
}

void check_tsne(const Tensor& rows, const TsneOptions& options) {
  if (rows.shape().rank() != 2 || rows.shape().num_elements() == 0)
    throw Error(ErrorCode::kShapeMismatch, "tsne: expected rows [N, F], got {}",
                rows.shape().to_string());
  if (rows.shape()[0] > kMaxPoints || !(options.perplexity >= 1) || options.num_steps < 0)
    throw Error(
        ErrorCode::kInvalidArgument,
        "tsne: expected at most {} rows, a perplexity of at least 1 and steps of at least 0; "
        "got {}, {} and {}",
        kMaxPoints, rows.shape()[0], options.perplexity, options.num_steps);
}

}  // namespace

Tensor tsne(const Tensor& rows, const TsneOptions& options) {
  check_tsne(rows, options);
  const std::int64_t n = rows.shape()[0];
  Tensor map({n, 2}, DType::kF32);
  if (n == 1) return map;
  const SquareMatrix squared = squared_distances(rows);
  Vector start_x, start_y;
  principal_positions(squared, start_x, start_y);
  Coordinate x(scaled_to(std::move(start_x), kStartDeviation));
  Coordinate y(scaled_to(std::move(start_y), kStartDeviation));
  const double few = static_cast<double>(n - 1) / 3;
  const SquareMatrix near = affinities(squared, std::max(1.0, std::min(options.perplexity, few)));

  const float learning_rate = std::max(50.0F, static_cast<float>(n) / kExaggeration);
  const auto exaggerated =
      static_cast<std::int64_t>(kExaggeratedShare * static_cast<double>(options.num_steps));
  std::vector<Forces> forces(near.size());
  for (std::int64_t step = 0; step < options.num_steps; ++step) {
    for (std::size_t i = 0; i < forces.size(); ++i)
      vectorized<find_forces>(x.data(), y.data(), near.row(i).data(), n,
                              static_cast<std::int64_t>(i), &forces[i]);
    double sum = 0;
    for (const Forces& each : forces) sum += each.sum - 1;
    const float exaggeration = step < exaggerated ? kExaggeration : 1;
    const float momentum = step < exaggerated ? 0.5F : 0.8F;
    const auto scale = static_cast<float>(1 / sum);
    for (std::size_t i = 0; i < forces.size(); ++i) {
      const Forces& f = forces[i];
      x.move(i, exaggeration * f.pull_x - scale * f.push_x, learning_rate, momentum);
      y.move(i, exaggeration * f.pull_y - scale * f.push_y, learning_rate, momentum);
    }
  }
  for (std::size_t i = 0; i < forces.size(); ++i) {
    map.as<float>()[2 * i] = x[i];
    map.as<float>()[2 * i + 1] = y[i];
  }
  return map;
}

}  // namespace digitry
