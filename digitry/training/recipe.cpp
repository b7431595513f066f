#include "digitry/training/recipe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/text.h"
#include "digitry/nn/layer.h"
#include "digitry/training/toml_attributes.h"
#include "digitry_embedded/recipes.h"

namespace digitry {
namespace {

constexpr std::uint64_t kMaxRecipeBytes = 1 << 20;

const std::map<std::string, std::string_view>& shipped_recipes() {
  static const std::map<std::string, std::string_view> recipes = embedded::recipes();
  return recipes;
}

Attributes options_of(const toml::table& table, const std::string& where) {
  Attributes options;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    options[name] = option_of(node, fmt::format("{}: '{}'", where, name));
  }
  return options;
}

// The options of a sub-table; empty if it is missing. Removes the table from `root`.
Attributes take_table(toml::table& root, const std::string& key, const std::string& source) {
  Attributes options;
  if (const auto* node = root.get(key)) {
    if (!node->is_table())
      throw Error(ErrorCode::kBadData, "{}: expected [{}] to be a table", source, key);
    options = options_of(*node->as_table(), fmt::format("{}: [{}]", source, key));
    root.erase(key);
  }
  return options;
}

std::vector<Attributes> take_layers(toml::table& root, const std::string& source) {
  std::vector<Attributes> layers;
  const auto* list = root.get_as<toml::array>("layers");
  if (list == nullptr || list->empty())
    throw Error(ErrorCode::kBadData, "{}: expected at least one [[layers]] table", source);
  for (const auto& node : *list) {
    const std::string where = fmt::format("{}: layers[{}]", source, layers.size());
    if (!node.is_table()) throw Error(ErrorCode::kBadData, "{}: expected a table", where);
    layers.push_back(options_of(*node.as_table(), where));
  }
  root.erase("layers");
  return layers;
}

// The table [training]; read_training is the inverse.
Attributes training_attributes(const Recipe& recipe) {
  Attributes training{{"epochs", recipe.epochs},
                      {"batch_size", recipe.batch_size},
                      {"validation", recipe.validation},
                      {"patience", recipe.patience},
                      {"seed", static_cast<std::int64_t>(recipe.seed)},
                      {"ema_decay", recipe.ema_decay},
                      {"label_smoothing", recipe.label_smoothing},
                      {"gradient_clip", recipe.gradient_clip},
                      {"precision", recipe.precision},
                      {"data", recipe.data}};
  if (recipe.class_weights != "none") training["class_weights"] = recipe.class_weights;
  if (recipe.batch_norm != "local") training["batch_norm"] = recipe.batch_norm;
  if (recipe.split_seed) training["split_seed"] = static_cast<std::int64_t>(*recipe.split_seed);
  if (recipe.members != 1) training["members"] = recipe.members;
  return training;
}

// Expects `root` without the known tables, which were removed before.
void reject_unknown_tables(const toml::table& root, const std::string& source) {
  for (const auto& [key, node] : root)
    if (node.is_table() || node.is_array_of_tables())
      throw Error(ErrorCode::kBadData,
                  "{}: unknown table [{}]; expected [training], [data], [optimizer], [schedule], "
                  "[augmentation], [pieces], [test_time_augmentation] or [[layers]]",
                  source, std::string(key.str()));
}

void read_training(const Attributes& options, const std::string& source, Recipe& recipe) {
  AttributeReader reader(options, source + ": [training]");
  recipe.epochs = reader.integer("epochs", 1, kMaxEpochs, recipe.epochs);
  recipe.batch_size = reader.integer("batch_size", 1, kMaxBatchSize, recipe.batch_size);
  recipe.validation = reader.number("validation", 0, 0.9, recipe.validation);
  recipe.patience = reader.integer("patience", 0, kMaxEpochs, recipe.patience);
  constexpr std::int64_t kMaxSeed = std::numeric_limits<std::int64_t>::max();
  recipe.seed = static_cast<std::uint64_t>(reader.integer("seed", 0, kMaxSeed, 0));
  if (reader.has("split_seed"))
    recipe.split_seed = static_cast<std::uint64_t>(reader.integer("split_seed", 0, kMaxSeed));
  recipe.members = reader.integer("members", 1, kMaxNetworks, recipe.members);
  recipe.precision = reader.text("precision", {"auto", "f32", "bf16"}, recipe.precision);
  recipe.data = reader.text("data", {}, recipe.data);
  recipe.ema_decay = reader.number("ema_decay", 0, 0.999999, recipe.ema_decay);
  recipe.label_smoothing = reader.number("label_smoothing", 0, 0.999, recipe.label_smoothing);
  recipe.class_weights = reader.text("class_weights", {"none", "balanced"}, recipe.class_weights);
  recipe.batch_norm = reader.text("batch_norm", {"local", "synchronized"}, recipe.batch_norm);
  recipe.gradient_clip = reader.number("gradient_clip", 0, 1e9, recipe.gradient_clip);
  reader.finish();
}

void read_load_options(const Attributes& options, const std::string& source, Recipe& recipe) {
  AttributeReader reader(options, source + ": [data]");
  if (const std::string* size = reader.find_text("image_size"))
    recipe.load.image_size = parse_image_size(*size, source + ": [data]: 'image_size'");
  else if (reader.has("image_size"))
    recipe.load.image_size.height = recipe.load.image_size.width =
        reader.integer("image_size", 1, kMaxImageSide);
  if (reader.text("label_from", {"folder", "name"}, "folder") == "name")
    recipe.load.label_from = LabelFrom::kName;
  if (reader.text("channels", {"grey", "colour"}, "grey") == "colour")
    recipe.load.channels = Channels::kColour;
  reader.finish();
}

// The inverse.
Attributes load_attributes(const LoadOptions& load) {
  Attributes attributes;
  if (load.image_size != ImageSize{}) attributes["image_size"] = to_string(load.image_size);
  if (load.label_from == LabelFrom::kName) attributes["label_from"] = std::string("name");
  if (load.channels == Channels::kColour) attributes["channels"] = std::string("colour");
  return attributes;
}

void check_schedule(const Recipe& recipe, const std::string& source) {
  if (std::holds_alternative<ReduceOnPlateau>(recipe.schedule) && recipe.validation == 0)
    throw Error(ErrorCode::kBadData,
                "{}: [schedule]: '{}' uses the validation loss: expected 'validation' above 0, got "
                "0",
                source, ReduceOnPlateau::kType);
}

// Pieces are deformed when they are made. A recipe of several networks would need them for each.
void check_pieces(const Recipe& recipe, const std::string& source) {
  if (!recipe.pieces.any()) return;
  if (recipe.class_weights == "balanced")
    throw Error(ErrorCode::kBadData,
                "{}: [pieces]: expected no balanced 'class_weights', because pieces have other "
                "classes than the images",
                source);
  const std::size_t num_changes = to_attributes(recipe.augmentation).size();
  if (num_changes > 0 || recipe.members != 1)
    throw Error(ErrorCode::kBadData,
                "{}: [pieces]: expected no [augmentation] and 1 member, found {} options and {} "
                "members",
                source, num_changes, recipe.members);
}

// Runs are named after their recipe.
void check_name(const std::string& name, const std::string& source) {
  const auto special = [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20; };
  if (name.empty() || std::ranges::any_of(name, special))
    throw Error(ErrorCode::kBadData,
                "{}: 'name': expected a valid folder name, without '/' or control characters",
                source);
}

void check_layers(const std::vector<Attributes>& layers, const std::string& source) {
  if (layers.empty())
    throw Error(ErrorCode::kBadData, "{}: expected at least one [[layers]] table", source);
  for (std::size_t i = 0; i < layers.size(); ++i)
    make_layer(layers[i], /*num_classes=*/1, fmt::format("{}: layers[{}]", source, i));
}

// What concerns several values. The values are checked when they are read.
void check_together(const Recipe& recipe, const std::string& source) {
  check_schedule(recipe, source);
  check_pieces(recipe, source);
  check_layers(recipe.layers, source);
  check_name(recipe.name, source);
}

void check_text(const std::string& text, const std::string& key, const std::string& source) {
  if (clean_utf8(text) != text)
    throw Error(ErrorCode::kBadData, "{}: '{}': expected UTF-8, found '{}'", source, key,
                clean_utf8(text));
}

std::string table_text(const Attributes& options) {
  std::string text;
  for (const auto& [key, value] : options) text += fmt::format("{} = {}\n", key, to_string(value));
  return text;
}

}  // namespace

Recipe parse_recipe(std::string_view toml_text, const std::string& source) {
  toml::table root = parse_toml(toml_text, source);
  Recipe recipe;
  recipe.layers = take_layers(root, source);
  read_training(take_table(root, "training", source), source, recipe);
  read_load_options(take_table(root, "data", source), source, recipe);
  const auto take = [&](const std::string& key, const auto& read) {
    return read(take_table(root, key, source), fmt::format("{}: [{}]", source, key));
  };
  recipe.optimizer = take("optimizer", read_optimizer);
  recipe.schedule = take("schedule", read_schedule);
  recipe.augmentation = take("augmentation", read_augment_options);
  recipe.pieces = take("pieces", read_piece_options);
  // Version 0.1 called it [views].
  const std::string tta = root.contains("views") ? "views" : "test_time_augmentation";
  recipe.tta = take(tta, read_test_time_augmentation);
  reject_unknown_tables(root, source);
  const Attributes top = options_of(root, source);
  AttributeReader reader(top, source);
  recipe.name = reader.text("name", {}, std::filesystem::path(source).stem().string());
  recipe.description = reader.text("description", {}, "");
  reader.finish();
  check_together(recipe, source);
  return recipe;
}

void check_recipe(const Recipe& recipe, const std::string& source) {
  check_text(recipe.name, "name", source);
  check_text(recipe.description, "description", source);
  check_text(recipe.data, "data", source);
  Recipe read;
  read_training(training_attributes(recipe), source, read);
  read_load_options(load_attributes(recipe.load), source, read);
  read_optimizer(to_attributes(recipe.optimizer), source + ": [optimizer]");
  read_schedule(to_attributes(recipe.schedule), source + ": [schedule]");
  read_augment_options(to_attributes(recipe.augmentation), source + ": [augmentation]");
  read_piece_options(to_attributes(recipe.pieces), source + ": [pieces]");
  read_test_time_augmentation(to_attributes(recipe.tta), source + ": [test_time_augmentation]");
  check_together(recipe, source);
}

Recipe find_recipe(const std::string& name_or_path) {
  const auto shipped = shipped_recipes().find(name_or_path);
  if (shipped != shipped_recipes().end())
    return parse_recipe(shipped->second, shipped->first + ".toml");
  if (!path_exists(name_or_path))
    throw Error(ErrorCode::kBadData,
                "recipe '{}': expected a file or one of the shipped recipes: {}", name_or_path,
                fmt::format("{}", fmt::join(recipe_names(), ", ")));
  return parse_recipe(read_file(name_or_path, kMaxRecipeBytes), name_or_path);
}

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const auto& [name, text] : shipped_recipes()) names.push_back(name);
  return names;
}

ValidationSplit split_by(const Recipe& recipe, const Dataset& train) {
  if (train.num_validation > 0) {
    const std::int64_t first = train.num_images() - train.num_validation;
    ValidationSplit split;
    for (std::int64_t i = 0; i < train.num_images(); ++i)
      (i < first ? split.train : split.validation).push_back(static_cast<std::int32_t>(i));
    return split;
  }
  return stratified_split(train.labels, train.num_classes(), recipe.validation,
                          recipe.split_seed.value_or(recipe.seed));
}

std::vector<std::string> class_names_of(const Recipe& recipe, const Dataset& train) {
  std::vector<std::string> names = train.class_names;
  if (recipe.pieces.any()) names.emplace_back(kOtherClass);
  return names;
}

Dataset make_pieces(const Recipe& recipe, const Dataset& train, const ValidationSplit& split) {
  constexpr std::int64_t kFixedEpoch = (std::int64_t{1} << 24) - 1;
  Dataset pieces;
  pieces.images = train.images.clone();
  pieces.labels = train.labels;
  pieces.class_names = class_names_of(recipe, train);
  pieces.name = train.name;
  pieces.split = train.split;
  pieces.sha256 = train.sha256;
  for (const auto* part : {&split.train, &split.validation})
    if (!part->empty())
      PieceMaker(recipe.pieces, train.images, train.labels, *part, train.num_classes(), recipe.seed)
          .make_in_place(*part, kFixedEpoch, pieces.images, pieces.labels);
  return pieces;
}

std::string to_toml(const Recipe& recipe) {
  std::string text = fmt::format("name = {}\ndescription = {}\n", to_string(recipe.name),
                                 to_string(recipe.description));
  const auto add = [&](const char* table, const Attributes& values) {
    if (!values.empty()) text += fmt::format("\n[{}]\n{}", table, table_text(values));
  };
  add("training", training_attributes(recipe));
  add("data", load_attributes(recipe.load));
  add("optimizer", to_attributes(recipe.optimizer));
  add("schedule", to_attributes(recipe.schedule));
  add("augmentation", to_attributes(recipe.augmentation));
  add("pieces", to_attributes(recipe.pieces));
  add("test_time_augmentation", to_attributes(recipe.tta));
  for (const Attributes& layer : recipe.layers) text += "\n[[layers]]\n" + table_text(layer);
  return text;
}

}  // namespace digitry
