#include "digitry/evaluation/nearest_images.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/kernels/vectors.h"

namespace digitry {
namespace {

// Values in the features of a block: 16 MiB.
constexpr std::int64_t kBlockValues = std::int64_t{1} << 22;
constexpr std::int64_t kMaxBlock = 4000;
// Batch size of the extractor. A block that is not a multiple of it would waste computation.
constexpr std::int64_t kBatch = 500;

/// The nearest images found so far, nearest first.
class NearestSoFar {
 public:
  explicit NearestSoFar(std::size_t count) : count_(count) { found_.reserve(count); }

  /// Allocates nothing.
  void offer(std::int64_t image_index, float squared) {
    if (found_.size() == count_ && (count_ == 0 || squared >= found_.back().squared)) return;
    if (found_.size() == count_) found_.pop_back();
    const Found offered{image_index, squared};
    found_.insert(std::ranges::upper_bound(found_, squared, {}, &Found::squared), offered);
  }

  std::vector<Neighbour> neighbours(const Dataset& data) const {
    std::vector<Neighbour> all;
    for (const Found& found : found_)
      all.push_back({.image_index = found.image_index,
                     .label = data.labels[static_cast<std::size_t>(found.image_index)],
                     .distance = std::sqrt(static_cast<double>(found.squared))});
    return all;
  }

 private:
  struct Found {
    std::int64_t image_index;
    float squared;
  };
  std::size_t count_;
  std::vector<Found> found_;
};

std::size_t block_size(std::int64_t num_features) {
  const std::int64_t block = std::clamp(kBlockValues / num_features, std::int64_t{1}, kMaxBlock);
  return static_cast<std::size_t>(block < kBatch ? block : block / kBatch * kBatch);
}

}  // namespace

std::vector<std::vector<Neighbour>> nearest_images(FeatureExtractor& extractor,
                                                   const Tensor& queries, const Dataset& data,
                                                   std::span<const std::int32_t> among,
                                                   std::size_t count) {
  const std::int64_t num_features = extractor.num_features();
  if (queries.shape().rank() != 2 || queries.shape()[1] != num_features || !data.labelled())
    throw Error(
        ErrorCode::kShapeMismatch,
        "nearest_images: expected queries [Q, {}] and labelled images, got queries {} and {} "
        "labels",
        num_features, queries.shape().to_string(), data.labels.size());
  const std::int64_t num_queries = queries.shape()[0];
  std::vector<NearestSoFar> nearest;
  for (std::int64_t q = 0; q < num_queries; ++q)
    nearest.emplace_back(std::min(count, among.size()));
  const std::size_t block = block_size(num_features);
  for (std::size_t first = 0; first < among.size(); first += block) {
    const auto part = among.subspan(first, std::min(block, among.size() - first));
    const Tensor features = extractor.features(data.images, part);
    const float* rows = features.as<float>().data();
    const float* query_rows = queries.as<float>().data();
    parallel_for(num_queries, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::size_t i = 0; i < part.size(); ++i)
        for (std::int64_t q = begin; q < end; ++q)
          nearest[static_cast<std::size_t>(q)].offer(
              part[i],
              squared_distance(query_rows + q * num_features,
                               rows + static_cast<std::int64_t>(i) * num_features, num_features));
    });
  }
  std::vector<std::vector<Neighbour>> all;
  for (const NearestSoFar& each : nearest) all.push_back(each.neighbours(data));
  return all;
}

namespace {

// A multiple of the classifier's batch size.
constexpr std::size_t kIndexedAtOnce = 500;

}  // namespace

ImageIndex::ImageIndex(const Classifier& classifier, std::shared_ptr<const Dataset> data,
                       std::vector<std::int32_t> among, const std::function<bool()>& cancelled)
    : data_(std::move(data)),
      among_(std::move(among)),
      num_features_(num_features(classifier.model().members.front().network)) {
  features_.reserve(among_.size() * static_cast<std::size_t>(num_features_));
  for (std::size_t first = 0; first < among_.size(); first += kIndexedAtOnce) {
    if (cancelled && cancelled()) throw Error(ErrorCode::kInterrupted, "image index: cancelled");
    const Tensor part = classifier.features(
        data_->images,
        std::span(among_).subspan(first, std::min(kIndexedAtOnce, among_.size() - first)));
    features_.insert(features_.end(), part.as<float>().begin(), part.as<float>().end());
  }
}

std::vector<Neighbour> ImageIndex::nearest(std::span<const float> features,
                                           std::size_t count) const {
  if (std::ssize(features) != num_features_)
    throw Error(ErrorCode::kShapeMismatch, "image index: expected {} features, got {}",
                num_features_, features.size());
  std::vector<float> squared;
  squared.reserve(among_.size());
  for (std::size_t i = 0; i < among_.size(); ++i)
    squared.push_back(squared_distance(
        features.data(), features_.data() + static_cast<std::int64_t>(i) * num_features_,
        num_features_));
  std::vector<std::size_t> order(among_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(count, order.size()));
  std::partial_sort(order.begin(), end, order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(squared[a], a) < std::pair(squared[b], b);
  });
  std::vector<Neighbour> found;
  for (auto place = order.begin(); place != end; ++place)
    found.push_back({.image_index = among_[*place],
                     .label = data_->labels[static_cast<std::size_t>(among_[*place])],
                     .distance = std::sqrt(static_cast<double>(squared[*place]))});
  return found;
}

}  // namespace digitry
