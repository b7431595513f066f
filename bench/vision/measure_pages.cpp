#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "bench/vision/measure.h"
#include "digitry/base/random.h"
#include "digitry/model_io/classifier.h"
#include "digitry/vision/reader.h"
#include "tests/cases/drawn_pages.h"
#include "tests/cases/drawn_scenes.h"

// Pictures of several digits: pages, pairs that touch, and scenes.

namespace digitry::bench {
namespace {

bool found_at(const Reading& reading, const test::DrawnDigit& digit, std::int32_t label,
              double reach) {
  return std::ranges::any_of(reading.digits, [&](const ReadDigit& read) {
    const double x = static_cast<double>(read.box.left) + static_cast<double>(read.box.width) / 2;
    const double y = static_cast<double>(read.box.top) + static_cast<double>(read.box.height) / 2;
    return std::fabs(x - digit.x) < reach && std::fabs(y - digit.y) < 2 * reach &&
           read.label() == static_cast<std::size_t>(label);
  });
}

struct PageCounts {
  std::int64_t pages = 0, pages_right = 0;
  std::int64_t lines = 0, lines_right = 0;
  std::int64_t digits = 0, rejected = 0;
  std::size_t edits = 0;
  std::int64_t pairs = 0, pairs_right = 0;
};

std::vector<std::string> rows_of(const std::string& text) {
  std::vector<std::string> rows(1);
  for (const char c : text) {
    if (c == '\n')
      rows.emplace_back();
    else
      rows.back() += c;
  }
  return rows;
}

void count_page(const test::DrawnPage& page, const Digits& digits, const Reading& reading,
                double scale, PageCounts& counts) {
  const std::string truth = test::text_of(page, digits.labels);
  const std::string text = best_text(reading);
  ++counts.pages;
  counts.pages_right += text == truth ? 1 : 0;
  const auto rows = rows_of(truth);
  const auto read_rows = rows_of(text);
  for (std::size_t i = 0; i < rows.size(); ++i)
    counts.lines_right +=
        i < read_rows.size() && read_rows.size() == rows.size() && read_rows[i] == rows[i] ? 1 : 0;
  counts.lines += std::ssize(rows);
  counts.digits += std::ssize(page.digits);
  counts.edits += edit_distance(truth, text);
  for (const ReadDigit& digit : reading.digits)
    counts.rejected += digit.prediction.rejected ? 1 : 0;
  const auto right = [&](const test::DrawnDigit& digit) {
    return found_at(reading, digit, digits.labels[static_cast<std::size_t>(digit.image_index)],
                    5 * scale);
  };
  for (std::size_t i = 0; i + 1 < page.digits.size(); ++i) {
    if (!page.digits[i].touches_next) continue;
    ++counts.pairs;
    counts.pairs_right += right(page.digits[i]) && right(page.digits[i + 1]) ? 1 : 0;
  }
}

}  // namespace

void measure_pages(const Model& model, const Digits& digits, std::int64_t count,
                   double touching_share, std::uint32_t set) {
  const Classifier classifier(model);
  PageCounts counts;
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < count; ++i) {
    RandomStream random(set, RandomPurpose::kTest, 5, static_cast<std::uint32_t>(i));
    test::PageOptions options;
    options.num_digits = 1 + random.next_below(12);
    options.num_lines = std::min<std::int64_t>(options.num_digits,
                                               1 + static_cast<std::int64_t>(random.next_below(3)));
    options.scale = 1.5 + 3 * static_cast<double>(random.next_float());
    options.skew_degrees = 20 * static_cast<double>(random.next_float()) - 10;
    options.ruled = random.next_below(2) == 0;
    options.shade = 0.45 * static_cast<double>(random.next_float());
    options.noise = 6 * static_cast<double>(random.next_float());
    options.touching_share = touching_share;
    const test::DrawnPage page = test::draw_page(digits.images, options, random);
    const Reading reading = read_digits(page.picture, classifier);
    const std::int64_t before = counts.pages_right;
    count_page(page, digits, reading, options.scale, counts);
    if (counts.pages_right == before)
      report_lost(fmt::format("page-{}-{}", set, i), page.picture,
                  fmt::format("scale {:.1f}, skew {:.1f} (found {:.1f}), {}, rules {}:\n{}\n--\n{}",
                              options.scale, options.skew_degrees, reading.skew_degrees,
                              options.ruled ? "ruled" : "plain", reading.num_rules,
                              test::text_of(page, digits.labels), best_text(reading)));
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto all = static_cast<double>(counts.digits);
  fmt::print(
      "pages, {:.0f} % of neighbours touching: {} pages, {} lines, {} digits; "
      "digits {:.2f} % right, lines {:.2f} %, pages {:.2f} %, rejected {:.2f} %",
      100 * touching_share, counts.pages, counts.lines, counts.digits,
      100 - percent(static_cast<double>(counts.edits), all),
      percent(static_cast<double>(counts.lines_right), static_cast<double>(counts.lines)),
      percent(static_cast<double>(counts.pages_right), static_cast<double>(counts.pages)),
      percent(static_cast<double>(counts.rejected), all));
  if (counts.pairs > 0)
    fmt::print("; touching pairs {:.2f} % of {}",
               percent(static_cast<double>(counts.pairs_right), static_cast<double>(counts.pairs)),
               counts.pairs);
  fmt::print("; {:.0f} ms a page, drawing included\n", 1000 * seconds / static_cast<double>(count));
}

void measure_scenes(const Model& model, const Digits& digits, std::int64_t count,
                    std::string_view only) {
  const Classifier classifier(model);
  std::size_t all_digits = 0;
  std::size_t all_edits = 0;
  for (std::size_t k = 0; k < test::kSceneNames.size(); ++k) {
    if (!test::kSceneNames[k].starts_with(only)) continue;
    std::size_t total = 0;
    std::size_t edits = 0;
    std::int64_t right = 0;
    std::chrono::duration<double> time{};
    for (std::int64_t i = 0; i < count; ++i) {
      RandomStream random(static_cast<std::uint32_t>(k), RandomPurpose::kTest, 6,
                          static_cast<std::uint32_t>(i));
      const test::Scene scene =
          test::draw_scene(digits.images, digits.labels, static_cast<test::SceneKind>(k), random);
      const auto start = std::chrono::steady_clock::now();
      const Reading reading = read_digits(scene.picture, classifier);
      time += std::chrono::steady_clock::now() - start;
      const std::string read = accepted_text(reading);
      total += static_cast<std::size_t>(
          std::ranges::count_if(scene.text, [](char c) { return c != '\n'; }));
      edits += edit_distance(scene.text, read);
      right += read == scene.text ? 1 : 0;
      if (read != scene.text)
        report_lost(fmt::format("scene-{}-{}", test::kSceneNames[k], i), scene.picture,
                    fmt::format("{}\n--\n{}", scene.text, read));
    }
    all_digits += total;
    all_edits += edits;
    fmt::print("scenes: {:<10} {} of {} exact, digits {:.2f} % of {}, {:.0f} ms\n",
               test::kSceneNames[k], right, count,
               100 - percent(static_cast<double>(edits), static_cast<double>(total)), total,
               1000 * time.count() / static_cast<double>(count));
  }
  fmt::print("scenes: digits {:.2f} % of {}\n",
             100 - percent(static_cast<double>(all_edits), static_cast<double>(all_digits)),
             all_digits);
}

void measure_pairs(const Model& model, const Digits& digits, std::int64_t count) {
  const Classifier classifier(model);
  std::int64_t right = 0;
  std::int64_t one = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    RandomStream random(2, RandomPurpose::kTest, 5, static_cast<std::uint32_t>(i));
    const double scale = 1.5 + 3 * static_cast<double>(random.next_float());
    const test::DrawnPage page = test::draw_page(
        digits.images, {.num_digits = 2, .scale = scale, .touching_share = 1}, random);
    const std::string expected = test::text_of(page, digits.labels);
    const Reading reading = read_digits(page.picture, classifier);
    const std::string read = best_text(reading);
    right += read == expected ? 1 : 0;
    one += reading.digits.size() == 1 ? 1 : 0;
    if (read != expected)
      report_lost(fmt::format("pair-{}", i), page.picture,
                  fmt::format("{} read as {}", expected, read));
  }
  fmt::print("touching pairs: {:.2f} % of {} right, {:.2f} % read as one digit\n",
             percent(static_cast<double>(right), static_cast<double>(count)), count,
             percent(static_cast<double>(one), static_cast<double>(count)));
}

}  // namespace digitry::bench
