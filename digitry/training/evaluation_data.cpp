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

LoadOptions input_options(const Model& model) {
  const Shape& shape = model.input_shape();
  return {
      .image_size = {.height = shape[1], .width = shape[2]},
      .channels = shape[0] == count_of(Channels::kColour) ? Channels::kColour : Channels::kGrey};
}

EvaluationResult evaluate(const Model& model, const EvaluationData& images) {
  const Dataset& data = images.data;
  const Classifier classifier(model);
  const auto start = std::chrono::steady_clock::now();
  const Tensor logits = classifier.logits(data.images);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  EvaluationResult result{
      .split = images.split,
      .data_sha256 = data.sha256,
      .evaluation = evaluate_logits(logits, data.labels, model.class_names, model.temperature),
      .seconds = taken.count()};
  result.evaluation.sources = data.sources;
  return result;
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
  part.notes = data.notes;
  if (!data.sources.empty())
    for (const std::int32_t i : indices)
      part.sources.push_back(data.sources[static_cast<std::size_t>(i)]);
  return part;
}

// The "train" or "validation" part of the images that the model was trained on.
Dataset part_of(const Dataset& trained_on, const std::string& split, const Model& model) {
  const auto recipe_text = model.provenance.find("recipe");
  if (recipe_text == model.provenance.end())
    throw Error(ErrorCode::kBadData,
                "cannot determine the {} split of the model: {}; use --split test", split,
                model.members.size() > 1 ? "its networks were trained separately"
                                         : "the model contains no recipe");
  const Recipe recipe = parse_recipe(recipe_text->second, "the model's recipe");
  const ValidationSplit parts = split_by(recipe, trained_on);
  const auto& indices = split == "train" ? parts.train : parts.validation;
  if (indices.empty())
    throw Error(ErrorCode::kBadData,
                "{}: expected validation images, but the recipe of the model set none aside",
                trained_on.name);
  return subset(trained_on, indices);
}

bool is_numbered(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] != std::to_string(i)) return false;
  return true;
}

void match_classes(const Model& model, Dataset& data) {
  const std::vector<std::string>& expected = model.class_names;
  if (data.class_names == expected) return;
  const std::set<std::int32_t> used(data.labels.begin(), data.labels.end());
  std::vector<std::int32_t> places(data.class_names.size());
  std::vector<std::string> unknown;
  for (const std::int32_t label : used) {
    const std::string& name = data.class_names[static_cast<std::size_t>(label)];
    const auto place = std::ranges::find(expected, name);
    if (place == expected.end()) unknown.push_back(name);
    places[static_cast<std::size_t>(label)] = static_cast<std::int32_t>(place - expected.begin());
  }
  const bool only_numbers = unknown.size() == used.size() && is_numbered(data.class_names) &&
                            *used.rbegin() < std::ssize(expected);
  if (!unknown.empty() && !only_numbers)
    throw Error(ErrorCode::kBadData, "{}: expected classes of the model ({}), found '{}'",
                data.name, fmt::format("{}", fmt::join(expected, ", ")), unknown.front());
  if (unknown.empty())
    for (std::int32_t& label : data.labels) label = places[static_cast<std::size_t>(label)];
  data.class_names = expected;
}

// How `data` are read for the model.
LoadOptions options_for(const Model& model, const std::string& data, LabelFrom label_from) {
  LoadOptions options = input_options(model);
  options.label_from = label_from;
  const auto recipe = model.provenance.find("recipe");
  if (recipe != model.provenance.end() && data == training_data_name(model) &&
      parse_recipe(recipe->second, "the model's recipe").load.label_from == LabelFrom::kName)
    options.label_from = LabelFrom::kName;
  return options;
}

TrainingImages unavailable(std::string why) {
  return {.data = nullptr, .indices = {}, .absence = std::move(why)};
}

}  // namespace

std::string final_split(const std::string& data, const LoadOptions& options) {
  return has_labelled_test_split(data, options) ? "test" : "validation";
}

EvaluationData load_evaluation_data(const std::string& data, const std::string& split,
                                    const Model& model, LabelFrom label_from) {
  const LoadOptions options = options_for(model, data, label_from);
  const std::vector<Split> splits = list_splits(data, options);
  const bool test = split == "test" || (split.empty() && has_labelled_test_split(data, options));
  EvaluationData loaded{
      split, test ? load_dataset(data, Split::kTest, options) : load_training_data(data, options)};
  if (!loaded.data.labelled())
    throw Error(ErrorCode::kBadData,
                "{}: these images have no labels; use digitry predict, which needs none", data);
  if (loaded.data.image_shape() != model.input_shape())
    throw Error(ErrorCode::kBadData,
                "{}: expected images of {} ([channels, height, width]) for this model, found {}",
                data, model.input_shape().to_string(), loaded.data.image_shape().to_string());
  const auto hash = model.provenance.find("data_sha256");
  const bool trained_on = hash != model.provenance.end() && hash->second == loaded.data.sha256;
  const bool has_splits = !splits.empty();
  if (split.empty())
    loaded.split = test ? "test" : trained_on ? "validation" : has_splits ? "train" : "test";
  if (trained_on && test && !has_splits)
    throw Error(ErrorCode::kBadData,
                "{}: the model was trained on these images, and they have no test split; use "
                "--split validation",
                data);
  if (!trained_on && !test && loaded.data.num_validation > 0) {
    if (split.empty()) loaded.split = "validation";
    loaded.data = load_dataset(
        data, loaded.split == "validation" ? Split::kValidation : Split::kTrain, options);
  } else if (!trained_on && loaded.split == "validation") {
    throw Error(ErrorCode::kBadData,
                "{}: these data have no validation split, because the model was trained on other "
                "images; use --split train or --split test",
                data);
  }
  if (trained_on && !test) loaded.data = part_of(loaded.data, loaded.split, model);
  match_classes(model, loaded.data);
  return loaded;
}

TrainingImages find_training_images(const Model& model) try {
  const auto name = model.provenance.find("data");
  const auto hash = model.provenance.find("data_sha256");
  const auto recipe_text = model.provenance.find("recipe");
  const auto end = model.provenance.end();
  if (recipe_text == end && model.members.size() > 1)
    return unavailable("its networks were trained separately, on different parts of the images");
  if (name == end || hash == end || recipe_text == end)
    return unavailable("the model does not name its training data");
  if (name->second == "-") return unavailable("the training images came from standard input");
  const Recipe recipe = parse_recipe(recipe_text->second, "the model's recipe");
  LoadOptions options = recipe.load;
  options.channels = input_options(model).channels;
  auto data = std::make_shared<const Dataset>(load_training_data(name->second, options));
  if (data->sha256 != hash->second || data->image_shape() != model.input_shape() ||
      data->num_classes() > std::ssize(model.class_names))
    return unavailable(fmt::format("{} no longer contains the images that the model was trained on",
                                   name->second));
  if (!data->labelled()) return unavailable(name->second + " has no labels");
  std::vector<std::int32_t> indices = split_by(recipe, *data).train;
  return {.data = std::move(data), .indices = std::move(indices), .absence = {}};
} catch (const Error& error) {
  return unavailable(error.what());
}

}  // namespace digitry
