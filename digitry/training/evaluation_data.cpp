#include "digitry/training/evaluation_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/data/split.h"
#include "digitry/model_io/classifier.h"
#include "digitry/training/recipe.h"

namespace digitry {

std::string training_data_name(const Model& model) {
  const auto trained_on = model.provenance.find("data");
  return trained_on != model.provenance.end() ? trained_on->second : "mnist";
}

EvaluationResult evaluate(const Model& model, const EvaluationData& images) {
  const Dataset& data = images.data;
  const Classifier classifier(model);
  const auto start = std::chrono::steady_clock::now();
  const Tensor logits = classifier.logits(data.images);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  return {.split = images.split,
          .data_sha256 = data.sha256,
          .evaluation = evaluate_logits(logits, data.labels, model.class_names, model.temperature),
          .seconds = taken.count()};
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

TrainingImages absent(std::string why) {
  return {.data = nullptr, .indices = {}, .absence = std::move(why)};
}

}  // namespace

std::string final_split(const std::string& data) {
  return has_labelled_test_split(data) ? "test" : "validation";
}

EvaluationData load_evaluation_data(const std::string& data, const std::string& split,
                                    const Model& model) {
  const bool test = split == "test" || (split.empty() && has_labelled_test_split(data));
  EvaluationData loaded{split, load_dataset(data, test ? Split::kTest : Split::kTrain)};
  if (!loaded.data.labelled())
    throw Error(ErrorCode::kBadData, "{}: these images have no labels; digitry predict needs none",
                data);
  if (loaded.data.image_shape() != model.input_shape())
    throw Error(ErrorCode::kBadData,
                "{}: expected images of {} ([channels, height, width]), as the model, found {}",
                data, model.input_shape().to_string(), loaded.data.image_shape().to_string());
  const auto hash = model.provenance.find("data_sha256");
  const bool trained_on = hash != model.provenance.end() && hash->second == loaded.data.sha256;
  const bool has_splits = !list_splits(data).empty();
  if (split.empty())
    loaded.split = test ? "test" : trained_on ? "validation" : has_splits ? "train" : "test";
  if (trained_on && test && !has_splits)
    throw Error(ErrorCode::kBadData,
                "{}: the model was trained on these images, of which none are for testing; use "
                "--split validation",
                data);
  if (!trained_on && loaded.split == "validation")
    throw Error(ErrorCode::kBadData,
                "{}: the model was trained on other images; none of these were set aside for its "
                "validation; use --split train or --split test",
                data);
  if (trained_on && !test) loaded.data = part_of(loaded.data, loaded.split, model);
  count_classes_as(model, loaded.data);
  return loaded;
}

TrainingImages find_training_images(const Model& model) try {
  const auto name = model.provenance.find("data");
  const auto hash = model.provenance.find("data_sha256");
  const auto recipe_text = model.provenance.find("recipe");
  const auto end = model.provenance.end();
  if (recipe_text == end && model.members.size() > 1)
    return absent(
        "its networks were not trained together, and so not on the same part of the images");
  if (name == end || hash == end || recipe_text == end)
    return absent("the model does not say what it was trained on");
  if (name->second == "-") return absent("they came from standard input");
  const Recipe recipe = parse_recipe(recipe_text->second, "the model's recipe");
  auto data = std::make_shared<const Dataset>(load_dataset(name->second, Split::kTrain));
  if (data->sha256 != hash->second || data->image_shape() != model.input_shape() ||
      data->num_classes() > std::ssize(model.class_names))
    return absent(
        fmt::format("{} no longer holds the images that the model was trained on", name->second));
  if (!data->labelled()) return absent(name->second + " has no labels");
  std::vector<std::int32_t> indices = split_by(recipe, *data).train;
  return {.data = std::move(data), .indices = std::move(indices), .absence = {}};
} catch (const Error& error) {
  return absent(error.what());
}

}  // namespace digitry
