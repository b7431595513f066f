#include "digitry/evaluation/orientation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "digitry/base/text.h"

namespace digitry {
namespace {

constexpr std::int64_t kSample = 500;
constexpr double kGood = 0.5;    // No change is looked for above this accuracy.
constexpr double kBetter = 0.3;  // By which a change must raise it.

struct Change {
  const char* name;
  // The place of the pixel that moves to (y, x), in a square of this side.
  std::int64_t (*from)(std::int64_t y, std::int64_t x, std::int64_t side);
  bool inverts = false;
};

constexpr std::array<Change, 5> kChanges = {{
    {"transposed (rows and columns exchanged, as in EMNIST)",
     [](std::int64_t y, std::int64_t x, std::int64_t side) { return x * side + y; }},
    {"inverted (dark on light)",
     [](std::int64_t y, std::int64_t x, std::int64_t side) { return y * side + x; }, true},
    {"mirrored",
     [](std::int64_t y, std::int64_t x, std::int64_t side) { return y * side + side - 1 - x; }},
    {"upside down", [](std::int64_t y, std::int64_t x,
                       std::int64_t side) { return (side - 1 - y) * side + side - 1 - x; }},
    {"turned by 90°",
     [](std::int64_t y, std::int64_t x, std::int64_t side) { return x * side + side - 1 - y; }},
}};

double accuracy(const Classifier& classifier, const Tensor& images,
                const std::vector<std::int32_t>& labels) {
  const Tensor logits = classifier.logits(images);
  const auto classes = static_cast<std::size_t>(logits.shape()[1]);
  std::int64_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.as<float>().subspan(i * classes, classes);
    correct += std::ranges::max_element(row) - row.begin() == labels[i] ? 1 : 0;
  }
  return static_cast<double>(correct) / static_cast<double>(labels.size());
}

Tensor changed(const Tensor& images, const Change& change) {
  Tensor result(images.shape(), images.dtype());
  const std::int64_t side = images.shape()[2];
  const auto pixels = static_cast<std::size_t>(side * side);
  for (std::size_t first = 0; first < images.num_bytes(); first += pixels) {
    const auto from = images.as<std::uint8_t>().subspan(first, pixels);
    const auto to = result.as<std::uint8_t>().subspan(first, pixels);
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t x = 0; x < side; ++x) {
        const std::uint8_t pixel = from[static_cast<std::size_t>(change.from(y, x, side))];
        to[static_cast<std::size_t>(y * side + x)] =
            change.inverts ? static_cast<std::uint8_t>(255 - pixel) : pixel;
      }
  }
  return result;
}

}  // namespace

std::string orientation_warning(const Classifier& classifier, const Dataset& data) {
  const Model& model = classifier.model();
  if (!data.labelled() || data.image_shape() != model.input_shape() ||
      data.image_shape()[1] != data.image_shape()[2])
    return {};
  // The model's class of each label; nothing is measured if the model lacks one of the classes.
  std::vector<std::int32_t> places;
  for (const std::string& name : data.class_names) {
    const auto place = std::ranges::find(model.class_names, name);
    if (place == model.class_names.end()) return {};
    places.push_back(static_cast<std::int32_t>(place - model.class_names.begin()));
  }
  std::vector<std::int32_t> sample;
  std::vector<std::int32_t> labels;
  const std::int64_t count = std::min(kSample, data.num_images());
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t image = i * data.num_images() / count;
    sample.push_back(static_cast<std::int32_t>(image));
    labels.push_back(
        places[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(image)])]);
  }
  const Tensor images = data.images.take(sample);
  const double as_they_are = accuracy(classifier, images, labels);
  if (as_they_are >= kGood) return {};
  double best = as_they_are + kBetter;
  const Change* found = nullptr;
  for (const Change& change : kChanges)
    if (const double after = accuracy(classifier, changed(images, change), labels); after > best) {
      best = after;
      found = &change;
    }
  if (found == nullptr) return {};
  return fmt::format(
      "the images look {}: a trained model recognizes {} % of {} as they are, {} % if that is "
      "undone",
      found->name, percent_number(as_they_are, 0), count, percent_number(best, 0));
}

}  // namespace digitry
