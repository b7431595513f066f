#include "digitry/data/data_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "digitry/base/text.h"

namespace digitry {
namespace {

constexpr std::int64_t kFewImages = 10;
constexpr std::int64_t kLargeImbalance = 10;
constexpr int kLowestMaximum = 64;
constexpr std::size_t kNamedClasses = 5;

std::string class_list(const Dataset& data, const std::vector<std::int32_t>& classes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(classes.size(), kNamedClasses); ++i)
    text +=
        (i == 0 ? "" : ", ") + clean_utf8(data.class_names[static_cast<std::size_t>(classes[i])]);
  if (classes.size() > kNamedClasses)
    text += fmt::format(" and {} more", classes.size() - kNamedClasses);
  return text;
}

std::string image_name(const Dataset& data, std::size_t image) {
  return data.sources.empty() ? fmt::format("image {}", image) : clean_utf8(data.sources[image]);
}

bool is_blank(const Dataset& data, std::int64_t image) {
  const auto length = static_cast<std::size_t>(data.image_shape().num_elements());
  const std::byte* pixels = data.images.data() + static_cast<std::size_t>(image) * length;
  return length < 2 || std::memcmp(pixels, pixels + 1, length - 1) == 0;
}

}  // namespace

std::vector<std::string> label_warnings(const Dataset& train) {
  std::vector<std::string> warnings;
  if (!train.labelled()) return warnings;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(train.num_classes()));
  for (const std::int32_t label : train.labels) ++counts[static_cast<std::size_t>(label)];
  std::vector<std::int32_t> empty;
  std::vector<std::int32_t> few;
  for (std::int32_t c = 0; c < std::ssize(counts); ++c) {
    const std::int64_t count = counts[static_cast<std::size_t>(c)];
    if (count == 0) empty.push_back(c);
    if (count > 0 && count < kFewImages) few.push_back(c);
  }
  const std::int64_t used = std::ssize(counts) - std::ssize(empty);
  if (used == 1) {
    warnings.push_back(
        fmt::format("all {} images are of one class, {}: a classifier needs at least two",
                    grouped(train.num_images()), class_list(train, {train.labels.front()})));
    return warnings;
  }
  if (!empty.empty()) {
    const auto last = std::ranges::max_element(train.labels);
    const auto image = static_cast<std::size_t>(last - train.labels.begin());
    warnings.push_back(fmt::format(
        "{} of {} classes have no images: {}; the largest label is {} ({}){}", empty.size(),
        counts.size(), class_list(train, empty), *last, image_name(train, image),
        counts.back() < kFewImages && std::ssize(empty) > used ? ": is it corrupt?" : ""));
  }
  if (!few.empty())
    warnings.push_back(fmt::format("{} class{} fewer than {} images: {}", few.size(),
                                   few.size() == 1 ? " has" : "es have", kFewImages,
                                   class_list(train, few)));
  std::int64_t least = train.num_images();
  std::int64_t most = 0;
  for (const std::int64_t count : counts) {
    if (count > 0) least = std::min(least, count);
    most = std::max(most, count);
  }
  if (most >= kLargeImbalance * least)
    warnings.push_back(
        fmt::format("the largest class has {} images, the smallest {}; class_weights = "
                    "\"balanced\" in a recipe "
                    "gives all classes the same weight",
                    grouped(most), grouped(least)));
  return warnings;
}

std::vector<std::string> image_warnings(const Dataset& dataset, const DatasetSummary& summary) {
  std::vector<std::string> warnings;
  const std::int64_t count = dataset.num_images();
  std::int64_t num_blank = 0;
  std::int64_t first_blank = 0;
  for (std::int64_t i = count - 1; i >= 0; --i)
    if (is_blank(dataset, i)) {
      ++num_blank;
      first_blank = i;
    }
  if (count > 1 && num_blank == count)
    warnings.emplace_back("all images are blank: each has pixels of one value only");
  else if (num_blank > 0)
    warnings.push_back(fmt::format("{} of {} images {} blank; the first is {}", grouped(num_blank),
                                   grouped(count), num_blank == 1 ? "is" : "are",
                                   image_name(dataset, static_cast<std::size_t>(first_blank))));
  if (count > 1 && summary.num_duplicates == count - 1)
    warnings.emplace_back("all images are the same");
  if (num_blank < count && summary.max_pixel < kLowestMaximum)
    warnings.push_back(fmt::format(
        "the largest pixel is {} of 255: are the pixels on another scale?", summary.max_pixel));
  if (summary.num_conflicts > 0)
    warnings.push_back(fmt::format("{} image{} the same as an earlier one of another class",
                                   grouped(summary.num_conflicts),
                                   summary.num_conflicts == 1 ? " is" : "s are"));
  return warnings;
}

}  // namespace digitry
