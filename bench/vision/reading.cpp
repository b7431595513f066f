#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/vision/ood_images.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/data/dataset.h"
#include "digitry/data/split.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/image/png.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/recipe.h"
#include "digitry/training/run_folder.h"
#include "digitry/vision/decode.h"
#include "digitry/vision/reader.h"
#include "digitry/vision/small_picture.h"
#include "tests/cases/drawn_pages.h"
#include "tests/cases/drawn_scenes.h"
#include "tests/cases/small_pictures.h"

// How well pictures are read. docs/reading.md describes what is measured, and has the figures.

namespace digitry::bench {
namespace {

struct Digits {
  Tensor images;
  std::vector<std::int32_t> labels;
};

Digits load_digits(const Model& model, const std::string& split) {
  const bool test = split == "test";
  const Dataset data = load_dataset("mnist", test ? Split::kTest : Split::kTrain);
  std::vector<std::int32_t> indices;
  if (test) {
    for (std::int32_t i = 0; i < data.num_images(); ++i) indices.push_back(i);
  } else {
    const Recipe recipe = parse_recipe(model.provenance.at("recipe"), "the model's recipe");
    const ValidationSplit both =
        stratified_split(data.labels, data.num_classes(), recipe.validation, recipe.seed);
    indices = split == "training" ? both.train : both.validation;
  }
  constexpr std::int64_t kPixels = kMnistSide * kMnistSide;
  Digits digits{Tensor({std::ssize(indices), 1, kMnistSide, kMnistSide}, DType::kU8), {}};
  auto to = digits.images.as<std::uint8_t>().begin();
  for (const std::int32_t i : indices) {
    to = std::copy_n(data.images.as<std::uint8_t>().begin() + i * kPixels, kPixels, to);
    digits.labels.push_back(data.labels[static_cast<std::size_t>(i)]);
  }
  return digits;
}

// If DIGITRY_READING_LOST is set, prints what was misread; if it names a folder, keeps the picture.
void report_lost(const std::string& name, const Image& picture, const std::string& what) {
  const char* folder = std::getenv("DIGITRY_READING_LOST");
  if (folder == nullptr) return;
  fmt::print("  {}: {}\n", name, what);
  if (is_folder(folder))
    write_file_atomically(std::filesystem::path(folder) / (name + ".png"), encode_png(picture));
}

double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

// The reading without gaps between words; rejected digits count as their most probable class.
std::string best_text(const Reading& reading) {
  std::string text;
  for (std::size_t i = 0; i < reading.digits.size(); ++i) {
    if (i > 0 && reading.digits[i].line != reading.digits[i - 1].line) text += '\n';
    text += std::to_string(reading.digits[i].label());
  }
  return text;
}

// The reading without gaps between words; rejected digits are '?'.
std::string accepted_text(const Reading& reading) {
  std::string text;
  for (std::size_t i = 0; i < reading.digits.size(); ++i) {
    const ReadDigit& digit = reading.digits[i];
    if (i > 0 && digit.line != reading.digits[i - 1].line) text += '\n';
    text += digit.prediction.rejected ? "?" : std::to_string(digit.label());
  }
  return text;
}

// Compares digits classified as they are with the same digits drawn on a canvas and read.
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

// Each digit once, in a form of 28×28 pixels drawn at random; in its place in the image, or
// anywhere and of any size.
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

// Levenshtein's distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

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

// Scenes of each kind: the digits that are right and accepted, by edit distance, and whole scenes.
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

// Two digits that touch, alone on a plain page.
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

// The probability that a digit scores higher than another image; ties count half.
double auroc(std::vector<double> digits, std::vector<double> others) {
  std::ranges::sort(digits);
  std::ranges::sort(others);
  double wins = 0;
  for (const double score : digits) {
    const auto [low, high] = std::equal_range(others.begin(), others.end(), score);
    wins += static_cast<double>(low - others.begin()) + static_cast<double>(high - low) / 2;
  }
  return wins / (static_cast<double>(digits.size()) * static_cast<double>(others.size()));
}

void measure_rejection(const Model& model, const Digits& digits, std::uint64_t seed) {
  struct Method {
    std::string name;
    double threshold;
    std::function<std::vector<double>(const Tensor&)> scores_of;
  };
  const Classifier classifier(model);
  const Classifier reader(shipped_model("reader"));
  const std::vector<Method> methods{
      {"in-distribution score", static_cast<double>(model.rejection_threshold),
       [&](const Tensor& images) { return classifier.in_distribution_scores(images); }},
      {"score of the reader", kLeastPieceScore, [&](const Tensor& images) {
         std::vector<double> scores;
         for (const DigitPrediction& prediction : predict_pieces(reader, images))
           scores.push_back(prediction.score);
         return scores;
       }}};
  std::vector<ImageSet> sets;
  sets.push_back({"uniform noise", uniform_noise(2000, seed)});
  sets.push_back({"structured noise", structured_noise(2000, seed)});
  sets.push_back({"scribbles", scribbles(2000, seed)});
  sets.push_back({"letters", letter_images(seed)});
  sets.push_back({"letters that look like digits", ambiguous_letter_images(seed)});
  try {
    const Dataset fashion = load_dataset("fashion-mnist", seed == 0 ? Split::kTrain : Split::kTest);
    sets.push_back({"Fashion-MNIST, as it is", fashion.images.clone()});
    sets.push_back({"Fashion-MNIST, cut out", in_mnist_form(fashion.images)});
  } catch (const Error& error) {
    fmt::print("  {}\n", error.what());
  }
  for (const Method& method : methods) {
    const auto rejected = [&](const std::vector<double>& scores) {
      const auto count =
          std::ranges::count_if(scores, [&](double s) { return s < method.threshold; });
      return percent(static_cast<double>(count), static_cast<double>(scores.size()));
    };
    std::vector<double> digit_scores = method.scores_of(digits.images);
    fmt::print("rejection by the {}: threshold {:.4f}, {:.2f} % of {} digits rejected\n",
               method.name, method.threshold, rejected(digit_scores), digit_scores.size());
    for (const ImageSet& set : sets) {
      const std::vector<double> scores = method.scores_of(set.images);
      fmt::print("  {:<38} {:>6} images  AUROC {:.4f}  rejected {:.2f} %\n", set.name,
                 scores.size(), auroc(digit_scores, scores), rejected(scores));
    }
    std::ranges::sort(digit_scores);
    fmt::print("  half a percent of digits score below {:.4f}\n",
               digit_scores[digit_scores.size() / 200]);
  }
}

int run(std::span<char*> arguments) {
  if (arguments.size() < 3) {
    fmt::print(stderr,
               "usage: digitry_reading MODEL training|validation|test "
               "[canvases|forms|pages|pairs|scenes|rejection] [COUNT]\n"
               "MNIST has to be in the cache, and Fashion-MNIST for rejection.\n");
    return 2;
  }
  const Model model = open_model(arguments[1]);
  const Digits digits = load_digits(model, arguments[2]);
  const std::string part = arguments.size() > 3 ? arguments[3] : "all";
  const std::int64_t count = arguments.size() > 4 ? std::atoll(arguments[4]) : 10'000;
  const auto wanted = [&](const char* name) { return part == "all" || part == name; };
  if (wanted("canvases")) measure_canvases(model, digits, count);
  if (wanted("forms")) {
    measure_forms(model, digits, count, false);
    measure_forms(model, digits, count / 2, true);
  }
  if (wanted("pages")) {
    const std::int64_t pages = arguments.size() > 4 ? count : 1000;
    measure_pages(model, digits, pages, 0, 0);
    measure_pages(model, digits, pages, 0.1, 1);
  }
  if (wanted("scenes"))
    measure_scenes(model, digits, arguments.size() > 4 ? count : 20,
                   arguments.size() > 5 ? arguments[5] : "");
  if (wanted("pairs")) measure_pairs(model, digits, arguments.size() > 4 ? count : 1000);
  if (wanted("rejection"))
    measure_rejection(model, digits, std::string_view(arguments[2]) == "test" ? 1 : 0);
  return 0;
}

}  // namespace
}  // namespace digitry::bench

int main(int argc, char** argv) try {
  return digitry::bench::run({argv, static_cast<std::size_t>(argc)});
} catch (const std::exception& error) {
  fmt::print(stderr, "digitry_reading: {}\n", error.what());
  return 1;
}
