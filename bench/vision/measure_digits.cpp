#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "bench/vision/measure.h"
#include "digitry/base/random.h"
#include "digitry/model_io/classifier.h"
#include "digitry/vision/reader.h"
#include "digitry/vision/small_picture.h"
#include "tests/cases/drawn_pages.h"
#include "tests/cases/low_resolution.h"
#include "tests/cases/small_pictures.h"

// Pictures of one digit: canvases, and files of 28×28 pixels.

namespace digitry::bench {

void measure_canvases(const Model& model, const Digits& digits, std::int64_t count) {
  count = std::min(count, digits.images.shape()[0]);
  const Classifier classifier(model);
  const Tensor logits = classifier.logits(digits.images);
  const std::vector<double> scores = classifier.in_distribution_scores(digits.images);
  std::int64_t right_plain = 0;
  std::int64_t rejected_plain = 0;
  std::int64_t right = 0;
  std::int64_t accepted = 0;
  std::int64_t one = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto place = static_cast<std::size_t>(i);
    const auto row = logits.as<float>().subspan(place * 10, 10);
    const auto label = static_cast<std::size_t>(digits.labels[place]);
    const bool plain_right =
        static_cast<std::size_t>(std::ranges::max_element(row) - row.begin()) == label;
    right_plain += plain_right ? 1 : 0;
    rejected_plain += scores[place] < static_cast<double>(model.rejection_threshold) ? 1 : 0;
    RandomStream random(0, RandomPurpose::kTest, 4, static_cast<std::uint32_t>(i));
    const double scale = 3 + 9 * static_cast<double>(random.next_float());
    const double noise = 8 * static_cast<double>(random.next_float());
    const Image canvas = test::draw_canvas(
        digits.images, i, {.scale = scale, .light = i % 2 == 1, .noise = noise}, random);
    const Reading reading = read_digits(canvas, classifier);
    const bool single = reading.digits.size() == 1;
    one += single ? 1 : 0;
    const bool read_right = single && reading.digits[0].label() == label;
    right += read_right ? 1 : 0;
    accepted += read_right && !reading.digits[0].prediction.rejected ? 1 : 0;
    if (plain_right && !read_right)
      report_lost(fmt::format("canvas-{}", i), canvas,
                  fmt::format("{} read as {}", label, best_text(reading)));
  }
  const auto all = static_cast<double>(count);
  fmt::print(
      "canvases: {} digits, as they are {:.2f} % right, {:.2f} % rejected; "
      "read {:.2f} % right (and not rejected {:.2f} %), one digit found in {:.2f} %\n",
      count, percent(static_cast<double>(right_plain), all),
      percent(static_cast<double>(rejected_plain), all), percent(static_cast<double>(right), all),
      percent(static_cast<double>(accepted), all), percent(static_cast<double>(one), all));
}

namespace {

constexpr const char* kPlacementNames[] = {"as it is", "shifted", "small", "filling"};
constexpr const char* kCodingNames[] = {"grey",   "0 and 1", "colour",
                                        "opaque", "opacity", "last row"};

struct FormCounts {
  std::int64_t images = 0, right = 0, rejected = 0;
  void add(bool is_right, bool is_rejected) {
    ++images;
    right += is_right ? 1 : 0;
    rejected += is_rejected ? 1 : 0;
  }
};

}  // namespace

void measure_forms(const Model& model, const Digits& digits, std::int64_t count, bool moved) {
  count = std::min(count, digits.images.shape()[0]);
  const Classifier classifier(model);
  std::map<std::string, FormCounts> counts;
  for (std::int64_t i = 0; i < count; ++i) {
    RandomStream random(0, RandomPurpose::kTest, 6, static_cast<std::uint32_t>(i));
    test::SmallPictureOptions options = test::random_small_picture_options(random);
    if (!moved) options.place = test::InkPlace::kAsItIs;
    const Image picture = test::draw_small_picture(digits.images, i, options, random);
    const SmallPictureReading read = read_small_picture(picture, classifier);
    const auto label = static_cast<std::size_t>(digits.labels[static_cast<std::size_t>(i)]);
    const bool one = read.reading.digits.size() == 1;
    const bool rejected = !one || read.reading.digits[0].prediction.rejected;
    const bool right = one && !rejected && read.reading.digits[0].label() == label;
    const char* const placement = kPlacementNames[static_cast<int>(options.place)];
    const char* const coding = kCodingNames[static_cast<int>(options.coding)];
    const char* const ink = options.light_ink ? "light ink" : "dark ink";
    const char* const contrast = options.full_contrast ? "full contrast" : "low contrast";
    for (const char* const kind :
         {"all", placement, coding, ink, contrast, read.searched ? "(searched)" : "(not searched)"})
      counts[kind].add(right, rejected);
    if (!right)
      report_lost(fmt::format("form-{}", i), picture,
                  fmt::format("{} ({}, {}, {}, {}, {}) read as {}{}", label, placement, coding, ink,
                              contrast, read.searched ? "searched" : "whole",
                              best_text(read.reading), rejected ? " (rejected)" : ""));
  }
  for (const auto& [kind, one] : counts)
    fmt::print("forms{}, {:<14} {:>6} images  {:.2f} % right and not rejected, {:.2f} % rejected\n",
               moved ? ", moved" : "", kind, one.images,
               percent(static_cast<double>(one.right), static_cast<double>(one.images)),
               percent(static_cast<double>(one.rejected), static_cast<double>(one.images)));
}

void measure_low_resolution(const Model& model, const Digits& digits, std::int64_t count) {
  constexpr int kSide = 160;
  count = std::min(count, digits.images.shape()[0]);
  const Classifier classifier(model);
  for (std::size_t kind = 0; kind < test::kLowResolutionNames.size(); ++kind) {
    FormCounts counts;
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      RandomStream random(static_cast<std::uint32_t>(kind), RandomPurpose::kTest, 7,
                          static_cast<std::uint32_t>(i));
      const Image picture = test::draw_low_resolution(
          digits.images, i, static_cast<test::LowResolution>(kind), kSide, random);
      const Reading reading = read_digits(picture, classifier);
      const std::string label = std::to_string(digits.labels[static_cast<std::size_t>(i)]);
      const std::string read = accepted_text(reading);
      const bool rejected = read.empty() || read.find('?') != std::string::npos;
      counts.add(read == label, rejected);
      wrong += read != label && !rejected ? 1 : 0;
      if (read != label)
        report_lost(fmt::format("lowres-{}-{}", test::kLowResolutionNames[kind], i), picture,
                    fmt::format("{} read as '{}' ({})", label, read, best_text(reading)));
    }
    const auto all = static_cast<double>(count);
    fmt::print(
        "low resolution, {:<10} {} images  {:.2f} % right and not rejected, {:.2f} % "
        "rejected or nothing found, {:.2f} % wrong\n",
        test::kLowResolutionNames[kind], count, percent(static_cast<double>(counts.right), all),
        percent(static_cast<double>(counts.rejected), all),
        percent(static_cast<double>(wrong), all));
  }
}

}  // namespace digitry::bench
