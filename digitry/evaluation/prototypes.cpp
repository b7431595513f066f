#include "digitry/evaluation/prototypes.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/kernels/vectors.h"

namespace digitry {
namespace {

constexpr int kRounds = 5;
constexpr std::size_t kFewestScores = 100;

using Row = std::vector<float>;

std::size_t nearest(const Row& row, const std::vector<Row>& prototypes) {
  std::vector<float> cosines;
  for (const Row& prototype : prototypes)
    cosines.push_back(dot(row.data(), prototype.data(), std::ssize(row)));
  return static_cast<std::size_t>(std::ranges::max_element(cosines) - cosines.begin());
}

// One round of k-means: each prototype moves to the mean direction of the rows nearest to it.
void improve(std::vector<Row>& prototypes, const std::vector<Row>& rows) {
  std::vector<Row> sums(prototypes.size(), Row(rows.front().size()));
  std::vector<int> counts(prototypes.size());
  for (const Row& row : rows) {
    const std::size_t at = nearest(row, prototypes);
    ++counts[at];
    std::ranges::transform(sums[at], row, sums[at].begin(), std::plus());
  }
  for (std::size_t i = 0; i < prototypes.size(); ++i) {
    if (counts[i] == 0) continue;
    normalize(sums[i]);
    prototypes[i] = std::move(sums[i]);
  }
}

std::vector<Row> prototypes_of(const std::vector<Row>& rows, std::int64_t most) {
  const auto count = std::min(rows.size(), static_cast<std::size_t>(most));
  std::vector<Row> prototypes;
  for (std::size_t i = 0; i < count; ++i) prototypes.push_back(rows[i * rows.size() / count]);
  if (rows.size() > count)
    for (int round = 0; round < kRounds; ++round) improve(prototypes, rows);
  return prototypes;
}

std::vector<std::vector<Row>> rows_by_class(const Tensor& features,
                                            std::span<const std::int32_t> labels,
                                            std::int64_t num_classes) {
  std::vector<std::vector<Row>> rows(static_cast<std::size_t>(num_classes));
  const auto width = static_cast<std::size_t>(features.shape()[1]);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto values = features.as<float>().subspan(i * width, width);
    std::vector<Row>& of_class = rows[static_cast<std::size_t>(labels[i])];
    of_class.emplace_back(values.begin(), values.end());
    normalize(of_class.back());
  }
  return rows;
}

}  // namespace

Tensor fit_prototypes(const Tensor& features, std::span<const std::int32_t> labels,
                      std::int64_t num_classes) {
  if (features.shape().rank() != 2 || labels.empty() || features.shape()[0] != std::ssize(labels))
    throw Error(ErrorCode::kShapeMismatch, "prototypes: expected features [{}, F], got {}",
                labels.size(), features.shape().to_string());
  const std::vector<std::vector<Row>> rows = rows_by_class(features, labels, num_classes);
  const std::int64_t most = std::clamp<std::int64_t>(
      kPrototypeValues / (num_classes * features.shape()[1]), 1, kPrototypesPerClass);
  std::vector<std::vector<Row>> prototypes(rows.size());
  parallel_for(std::ssize(rows), 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto c = static_cast<std::size_t>(begin); c < static_cast<std::size_t>(end); ++c)
      prototypes[c] = prototypes_of(rows[c], most);
  });
  std::int64_t count = 0;
  for (const auto& of_class : prototypes) count += std::ssize(of_class);
  Tensor all({count, features.shape()[1]}, DType::kF32);
  auto to = all.as<float>().begin();
  for (const auto& of_class : prototypes)
    for (const Row& row : of_class) to = std::ranges::copy(row, to).out;
  return all;
}

double fit_rejection_threshold(std::vector<double> scores) {
  if (scores.size() < kFewestScores) return 0;
  const auto place = scores.begin() + static_cast<std::ptrdiff_t>(
                                          kRejectedShare * static_cast<double>(scores.size()));
  std::nth_element(scores.begin(), place, scores.end());
  return *place;
}

}  // namespace digitry
