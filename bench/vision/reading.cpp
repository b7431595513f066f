#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/vision/measure.h"
#include "digitry/data/dataset.h"
#include "digitry/data/split.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/recipe.h"
#include "digitry/training/run_folder.h"

// How well pictures are read. docs/reading.md describes what is measured, and has the figures.

namespace digitry::bench {
namespace {

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

int run(std::span<char*> arguments) {
  if (arguments.size() < 3) {
    fmt::print(stderr,
               "usage: digitry_reading MODEL training|validation|test "
               "[canvases|forms|lowres|pages|pairs|scenes|rejection] [COUNT]\n"
               "       digitry_reading MODEL validation show FOLDER\n"
               "MNIST has to be in the cache, and Fashion-MNIST for rejection.\n");
    return 2;
  }
  const Model model = open_model(arguments[1]);
  const Digits digits = load_digits(model, arguments[2]);
  const std::string part = arguments.size() > 3 ? arguments[3] : "all";
  if (part == "show") {
    show_readings(model, digits, arguments.size() > 4 ? arguments[4] : ".");
    return 0;
  }
  const std::int64_t count = arguments.size() > 4 ? std::atoll(arguments[4]) : 10'000;
  const auto wanted = [&](const char* name) { return part == "all" || part == name; };
  if (wanted("canvases")) measure_canvases(model, digits, count);
  if (wanted("forms")) {
    measure_forms(model, digits, count, false);
    measure_forms(model, digits, count / 2, true);
  }
  if (wanted("lowres")) measure_low_resolution(model, digits, arguments.size() > 4 ? count : 1000);
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
