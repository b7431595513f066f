#include "digitry/evaluation/image_index.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/kernels/vectors.h"

namespace digitry {
namespace {

// A multiple of what the predictor computes at a time.
constexpr std::size_t kIndexedAtOnce = 500;

}  // namespace

ImageIndex::ImageIndex(const Network& network, Preprocessing preprocessing,
                       std::shared_ptr<const Dataset> data, std::vector<std::int32_t> among,
                       const std::function<bool()>& cancelled)
    : hidden_(network, preprocessing),
      data_(std::move(data)),
      among_(std::move(among)),
      features_({std::ssize(among_), hidden_.num_features()}, DType::kF32) {
  for (std::size_t first = 0; first < among_.size(); first += kIndexedAtOnce) {
    if (cancelled && cancelled())
      throw Error(ErrorCode::kInterrupted, "image index: nobody waits for it any more");
    const std::span part =
        std::span(among_).subspan(first, std::min(kIndexedAtOnce, among_.size() - first));
    const Tensor features = hidden_.features(data_->images, part);
    std::ranges::copy(features.as<float>(),
                      features_.as<float>().begin() +
                          static_cast<std::ptrdiff_t>(first) * hidden_.num_features());
  }
}

std::vector<Neighbour> ImageIndex::nearest(const Tensor& image, std::size_t count) {
  const std::lock_guard lock(mutex_);
  const Tensor wanted = hidden_.features(image, std::vector<std::int32_t>{0});
  const std::int64_t num_features = hidden_.num_features();
  std::vector<float> squared;
  squared.reserve(among_.size());
  for (std::size_t i = 0; i < among_.size(); ++i)
    squared.push_back(squared_distance(
        wanted.as<float>().data(),
        features_.as<float>().data() + static_cast<std::int64_t>(i) * num_features, num_features));
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
