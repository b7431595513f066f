#include "apps/digitry/commands/training_images.h"

#include <fmt/format.h>

#include <utility>

#include "apps/digitry/commands/data_augment.h"
#include "digitry/base/error.h"
#include "digitry/training/recipe.h"

namespace digitry::app {
namespace {

TrainingImages absent(std::string why) {
  return {.data = nullptr, .indices = {}, .absence = std::move(why)};
}

}  // namespace

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
  std::vector<std::int32_t> indices = trained_on(recipe, *data);
  if (indices.empty()) return absent(name->second + " has no labels");
  return {.data = std::move(data), .indices = std::move(indices), .absence = {}};
} catch (const Error& error) {
  return absent(error.what());
}

}  // namespace digitry::app
