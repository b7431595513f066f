#include "apps/digitry/commands/evaluation_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>

#include "apps/digitry/terminal/interrupt.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/text.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/evaluation_text.h"
#include "digitry/model_io/classifier.h"
#include "digitry/training/recipe.h"

namespace digitry::app {

std::string training_data(const Model& model) {
  const auto trained_on = model.provenance.find("data");
  return trained_on != model.provenance.end() ? trained_on->second : "mnist";
}

Judged judge(const Model& model, const JudgedImages& images) {
  const Dataset& data = images.data;
  Classifier classifier(model);
  const auto start = std::chrono::steady_clock::now();
  const Tensor logits = classifier.logits(data.images);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  return {.split = images.split,
          .data_sha256 = data.sha256,
          .evaluation = evaluate_logits(logits, data.labels, model.class_names, model.temperature),
          .seconds = taken.count()};
}

std::string evaluation_text(const Judged& judged, std::size_t max_mistakes,
                            std::span<const std::vector<Neighbour>> nearest) {
  const Evaluation& evaluation = judged.evaluation;
  return summary_text(evaluation, judged.split) + class_table_text(evaluation) +
         confusion_text(evaluation) + mistakes_text(evaluation, max_mistakes, nearest) +
         suspected_labels_text(evaluation, max_mistakes);
}

namespace {

std::string score_row(const std::string& name, const Score& score, std::int64_t num_images) {
  return fmt::format("{:<18}{:>8} %{:>18} %{:>10}\n", name, percent_number(score.accuracy, 2),
                     fmt::format("{}-{}", percent_number(score.accuracy_95.low, 2),
                                 percent_number(score.accuracy_95.high, 2)),
                     grouped(num_images - score.num_correct));
}

}  // namespace

Robustness judge_corrupted(const Model& model, const JudgedImages& images,
                           const std::vector<Corruption>& corruptions, std::uint64_t seed) {
  Classifier classifier(model);
  const Dataset& data = images.data;
  ProgressBar bar("corruptions");
  const InterruptGuard guard;
  return evaluate_robustness(logits_by(classifier), data.images, data.labels, model.class_names,
                             corruptions, seed, [&](std::string_view name, auto done, auto total) {
                               if (guard.requested())
                                 throw Error(ErrorCode::kInterrupted, "interrupted");
                               bar.update(name, done, total);
                             });
}

std::string robustness_text(const Robustness& robustness, const std::string& split) {
  std::string text =
      fmt::format("{} {} images\n\n{:<18}{:>10}{:>20}{:>10}\n", grouped(robustness.num_images),
                  split, "corruption", "accuracy", "95 % interval", "mistakes");
  text += score_row("none", robustness.clean, robustness.num_images);
  for (const CorruptedScore& each : robustness.corrupted)
    text += score_row(to_string(each.corruption), each.score, robustness.num_images);
  text += fmt::format("{:<18}{:>8} %\n", fmt::format("mean of {}", robustness.corrupted.size()),
                      percent_number(robustness.mean_accuracy, 2));
  return text;
}

namespace {

Dataset subset(const Dataset& data, const std::vector<std::int32_t>& indices) {
  Dataset part;
  part.images = data.images.take(indices);
  for (const std::int32_t i : indices)
    part.labels.push_back(data.labels[static_cast<std::size_t>(i)]);
  part.class_names = data.class_names;
  part.name = data.name;
  part.split = data.split;
  part.sha256 = data.sha256;
  return part;
}

// "train" or "validation" of the images that the model was trained on.
Dataset part_of(const Dataset& trained_on, const std::string& split, const Model& model) {
  const auto recipe_text = model.provenance.find("recipe");
  if (recipe_text == model.provenance.end())
    throw Error(ErrorCode::kBadData, "{}, so there is no telling its {} split; use --split test",
                model.members.size() > 1 ? "its networks were not trained together"
                                         : "the model does not say how it was trained",
                split);
  const Recipe recipe = parse_recipe(recipe_text->second, "the model's recipe");
  const ValidationSplit parts = split_by(recipe, trained_on);
  const auto& indices = split == "train" ? parts.train : parts.validation;
  if (indices.empty())
    throw Error(ErrorCode::kBadData, "{}: no image of it was set aside for validation",
                trained_on.name);
  return subset(trained_on, indices);
}

bool is_numbered(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] != std::to_string(i)) return false;
  return true;
}

void count_classes_as(const Model& model, Dataset& data) {
  const std::vector<std::string>& wanted = model.class_names;
  if (data.class_names == wanted) return;
  const std::set<std::int32_t> used(data.labels.begin(), data.labels.end());
  std::vector<std::int32_t> places(data.class_names.size());
  std::vector<std::string> unknown;
  for (const std::int32_t label : used) {
    const std::string& name = data.class_names[static_cast<std::size_t>(label)];
    const auto place = std::ranges::find(wanted, name);
    if (place == wanted.end()) unknown.push_back(name);
    places[static_cast<std::size_t>(label)] = static_cast<std::int32_t>(place - wanted.begin());
  }
  const bool mere_numbers = unknown.size() == used.size() && is_numbered(data.class_names) &&
                            *used.rbegin() < std::ssize(wanted);
  if (!unknown.empty() && !mere_numbers)
    throw Error(ErrorCode::kBadData, "{}: its class '{}' is none of the model's: {}", data.name,
                unknown.front(), fmt::format("{}", fmt::join(wanted, ", ")));
  if (unknown.empty())
    for (std::int32_t& label : data.labels) label = places[static_cast<std::size_t>(label)];
  data.class_names = wanted;
}

}  // namespace

std::string final_split(const std::string& data) {
  return has_labelled_test_split(data) ? "test" : "validation";
}

JudgedImages load_judged(const std::string& data, const std::string& split, const Model& model) {
  const bool test = split == "test" || (split.empty() && has_labelled_test_split(data));
  JudgedImages judged{split, load_dataset(data, test ? Split::kTest : Split::kTrain)};
  if (!judged.data.labelled())
    throw Error(ErrorCode::kBadData,
                "{}: these images have no labels to judge by; digitry predict needs none", data);
  if (judged.data.image_shape() != model.input_shape())
    throw Error(ErrorCode::kBadData,
                "{}: expected images of {} ([channels, height, width]), as the model, found {}",
                data, model.input_shape().to_string(), judged.data.image_shape().to_string());
  const auto hash = model.provenance.find("data_sha256");
  const bool trained_on = hash != model.provenance.end() && hash->second == judged.data.sha256;
  const bool has_splits = !list_splits(data).empty();
  if (split.empty())
    judged.split = test ? "test" : trained_on ? "validation" : has_splits ? "train" : "test";
  if (trained_on && test && !has_splits)
    throw Error(ErrorCode::kBadData,
                "{}: the model was trained on these images, of which none are for testing; use "
                "--split validation",
                data);
  if (!trained_on && judged.split == "validation")
    throw Error(ErrorCode::kBadData,
                "{}: the model was trained on other images; none of these were set aside for its "
                "validation; use --split train or --split test",
                data);
  if (trained_on && !test) judged.data = part_of(judged.data, judged.split, model);
  count_classes_as(model, judged.data);
  return judged;
}

}  // namespace digitry::app
