#include "apps/digitry/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>

#include "apps/digitry/terminal.h"
#include "digitry/base/error.h"
#include "digitry/data/split.h"
#include "digitry/nn/predictor.h"
#include "digitry/training/recipe.h"

namespace digitry::app {
namespace {

constexpr std::size_t kMaxPairsShown = 8;
constexpr std::size_t kMaxClassesInMatrix = 26;

Dataset subset(const Dataset& data, const std::vector<std::int32_t>& indices) {
  Dataset part;
  part.images = Tensor(data.image_shape().with_batch(std::ssize(indices)), DType::kU8);
  const auto size = static_cast<std::size_t>(data.image_shape().num_elements());
  auto* to = part.images.data();
  for (const std::int32_t i : indices) {
    std::memcpy(to, data.images.data() + static_cast<std::size_t>(i) * size, size);
    to += size;
    part.labels.push_back(data.labels[static_cast<std::size_t>(i)]);
  }
  part.class_names = data.class_names;
  part.name = data.name;
  part.split = data.split;
  part.sha256 = data.sha256;
  return part;
}

std::string percent(double fraction) { return fmt::format("{:.2f} %", 100 * fraction); }

void append_classes(const Evaluation& e, std::string& text) {
  std::size_t width = 5;
  for (const std::string& name : e.class_names) width = std::max(width, name.size());
  text += fmt::format("\n{:<{}}  precision  recall      f1  images\n", "class", width);
  for (std::size_t c = 0; c < e.per_class.size(); ++c) {
    const ClassMetrics& m = e.per_class[c];
    text +=
        fmt::format("{:<{}}  {:>9}  {:>6}  {:>6}  {:>6}\n", e.class_names[c], width,
                    fmt::format("{:.2f}", 100 * m.precision), fmt::format("{:.2f}", 100 * m.recall),
                    fmt::format("{:.2f}", 100 * m.f1), m.support);
  }
}

void append_matrix(const Evaluation& e, std::string& text) {
  if (e.confusion.size() > kMaxClassesInMatrix) return;
  text += "\nconfusion matrix (rows: true class, columns: predicted)\n";
  const auto label = [&](std::size_t c) { return e.class_names[c].substr(0, 5); };
  text += fmt::format("{:>6}", "");
  for (std::size_t c = 0; c < e.confusion.size(); ++c) text += fmt::format("{:>6}", label(c));
  text += '\n';
  for (std::size_t row = 0; row < e.confusion.size(); ++row) {
    text += fmt::format("{:>6}", label(row));
    for (const std::int64_t count : e.confusion[row])
      text += count == 0 ? fmt::format("{:>6}", "·") : fmt::format("{:>6}", count);
    text += '\n';
  }
}

void append_mistakes(const Evaluation& e, std::size_t max_mistakes, std::string& text) {
  const auto name = [&](std::int32_t c) { return e.class_names[static_cast<std::size_t>(c)]; };
  if (!e.most_confused.empty()) text += "\nmost confused\n";
  for (std::size_t i = 0; i < std::min(kMaxPairsShown, e.most_confused.size()); ++i) {
    const ConfusedPair& pair = e.most_confused[i];
    text += fmt::format("  {} taken for {}: {} times\n", name(pair.label), name(pair.predicted),
                        pair.count);
  }
  const std::size_t shown = std::min(max_mistakes, e.mistakes.size());
  if (shown > 0)
    text += fmt::format("\nmistakes, most confident first ({} of {})\n", shown, e.mistakes.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Judgement& m = e.mistakes[i];
    text += fmt::format("  image {:>6}: {} taken for {}, {:.1f} % (the true class {:.1f} %)\n",
                        m.image_index, name(m.label), name(m.predicted),
                        100 * static_cast<double>(m.probability),
                        100 * static_cast<double>(m.label_probability));
  }
}

}  // namespace

std::string final_split(const std::string& data) {
  const auto splits = list_splits(data);
  return std::ranges::find(splits, Split::kTest) != splits.end() ? "test" : "validation";
}

Dataset load_judged(const std::string& data, const std::string& split, const Model& model) {
  Dataset all = load_dataset(data, split == "test" ? Split::kTest : Split::kTrain);
  if (!all.labelled())
    throw Error(ErrorCode::kBadData,
                "{}: these images have no labels to judge by; digitry predict needs none", data);
  if (all.num_classes() > std::ssize(model.class_names))
    throw Error(ErrorCode::kBadData, "{}: has {} classes, the model knows {}", data,
                all.num_classes(), model.class_names.size());
  all.class_names = model.class_names;
  if (split == "test") return all;

  const auto recipe_text = model.provenance.find("recipe");
  if (recipe_text == model.provenance.end())
    throw Error(ErrorCode::kBadData,
                "the model does not say what it was trained on, so there is "
                "no telling its {} split; use --split test",
                split);
  const Recipe recipe = parse_recipe(recipe_text->second, "the model's recipe");
  const ValidationSplit parts =
      stratified_split(all.labels, all.num_classes(), recipe.validation, recipe.seed);
  const auto& indices = split == "train" ? parts.train : parts.validation;
  if (indices.empty())
    throw Error(ErrorCode::kBadData, "{}: no image of it was set aside for validation", data);
  return subset(all, indices);
}

Judged judge(const Model& model, const Dataset& data) {
  Predictor predictor(model.network, model.preprocessing);
  const auto start = std::chrono::steady_clock::now();
  const Tensor logits = predictor.logits(data.images);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  return {evaluate_logits(logits, data.labels, model.class_names), taken.count()};
}

std::string accuracy_text(const Evaluation& e) {
  return fmt::format("{} (95 % interval {:.2f}-{:.2f} %), {} mistakes of {}", percent(e.accuracy),
                     100 * e.accuracy_95.low, 100 * e.accuracy_95.high,
                     human_count(static_cast<std::uint64_t>(e.num_images - e.num_correct)),
                     human_count(static_cast<std::uint64_t>(e.num_images)));
}

std::string evaluation_text(const Evaluation& evaluation, const std::string& split,
                            std::size_t max_mistakes) {
  std::string text = fmt::format("{:<20}{}\n", split + " accuracy", accuracy_text(evaluation));
  text += fmt::format("{:<20}{:.4f}\n", split + " loss", evaluation.loss);
  append_classes(evaluation, text);
  append_matrix(evaluation, text);
  append_mistakes(evaluation, max_mistakes, text);
  return text;
}

}  // namespace digitry::app
