#include "digitry/data/summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>
#include <unordered_map>

namespace digitry {
namespace {

std::string_view image_bytes(const Dataset& dataset, std::int64_t image_index) {
  const auto length = static_cast<std::size_t>(dataset.image_shape().num_elements());
  const auto* first = reinterpret_cast<const char*>(dataset.images.data());
  return {first + static_cast<std::size_t>(image_index) * length, length};
}

// The first image of each content.
std::unordered_map<std::string_view, std::int64_t> index_images(const Dataset& dataset) {
  std::unordered_map<std::string_view, std::int64_t> index;
  index.reserve(static_cast<std::size_t>(dataset.num_images()));
  for (std::int64_t i = 0; i < dataset.num_images(); ++i) index.emplace(image_bytes(dataset, i), i);
  return index;
}

void count_duplicates(const Dataset& dataset, DatasetSummary& summary) {
  const auto index = index_images(dataset);
  for (std::int64_t i = 0; i < dataset.num_images(); ++i) {
    const std::int64_t first = index.find(image_bytes(dataset, i))->second;
    if (first == i) continue;
    ++summary.num_duplicates;
    if (dataset.labelled() && dataset.labels[static_cast<std::size_t>(first)] !=
                                  dataset.labels[static_cast<std::size_t>(i)])
      ++summary.num_conflicts;
  }
}

void count_pixels(const Dataset& dataset, DatasetSummary& summary) {
  std::array<std::int64_t, 256> histogram{};
  for (const std::uint8_t pixel : dataset.images.as<std::uint8_t>()) ++histogram[pixel];
  // Exact: sums of whole numbers below 2^53.
  double sum = 0;
  double sum_of_squares = 0;
  const auto count = static_cast<double>(dataset.images.num_elements());
  summary.min_pixel = 255;
  for (int value = 0; value < 256; ++value) {
    const auto times = static_cast<double>(histogram[static_cast<std::size_t>(value)]);
    if (times == 0) continue;
    if (value < summary.min_pixel) summary.min_pixel = value;
    summary.max_pixel = value;
    sum += times * value;
    sum_of_squares += times * value * value;
  }
  summary.mean_pixel = sum / count;
  summary.std_pixel =
      std::sqrt(std::max(0.0, sum_of_squares / count - summary.mean_pixel * summary.mean_pixel));
}

}  // namespace

DatasetSummary summarize(const Dataset& dataset) {
  DatasetSummary summary;
  summary.num_images = dataset.num_images();
  if (summary.num_images == 0) return summary;
  summary.image_shape = dataset.image_shape();
  if (dataset.labelled()) {
    summary.images_per_class.resize(static_cast<std::size_t>(dataset.num_classes()));
    for (const std::int32_t label : dataset.labels)
      ++summary.images_per_class[static_cast<std::size_t>(label)];
  }
  count_pixels(dataset, summary);
  count_duplicates(dataset, summary);
  return summary;
}

std::int64_t count_shared_images(const Dataset& train, const Dataset& test) {
  if (train.num_images() == 0 || test.num_images() == 0 ||
      train.image_shape() != test.image_shape())
    return 0;
  const auto index = index_images(train);
  std::int64_t shared = 0;
  for (std::int64_t i = 0; i < test.num_images(); ++i)
    if (index.contains(image_bytes(test, i))) ++shared;
  return shared;
}

std::vector<std::int64_t> pick_samples(const Dataset& dataset, std::int64_t count,
                                       std::span<const std::int32_t> among) {
  std::vector<std::int64_t> candidates(among.begin(), among.end());
  if (among.empty()) {
    candidates.resize(static_cast<std::size_t>(dataset.num_images()));
    std::iota(candidates.begin(), candidates.end(), 0);
  }
  count = std::min(count, std::ssize(candidates));
  if (!dataset.labelled()) {
    candidates.resize(static_cast<std::size_t>(count));
    return candidates;
  }
  std::vector<std::int64_t> picked;
  std::vector<std::vector<std::int64_t>> by_class(static_cast<std::size_t>(dataset.num_classes()));
  for (const std::int64_t i : candidates)
    by_class[static_cast<std::size_t>(dataset.labels[static_cast<std::size_t>(i)])].push_back(i);
  for (std::size_t turn = 0; static_cast<std::int64_t>(picked.size()) < count; ++turn)
    for (const auto& images : by_class)
      if (turn < images.size() && static_cast<std::int64_t>(picked.size()) < count)
        picked.push_back(images[turn]);
  return picked;
}

}  // namespace digitry
