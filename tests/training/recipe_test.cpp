#include "digitry/training/recipe.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>
#include <sstream>

#include "digitry/augment/pieces.h"
#include "digitry/base/file.h"
#include "digitry/nn/network.h"
#include "digitry/optim/optimizer.h"
#include "digitry/optim/schedule.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace digitry {
namespace {

const std::string kLayers =
    "[[layers]]\ntype = \"flatten\"\n[[layers]]\ntype = \"dense\"\n"
    "out_features = \"classes\"\n";

void expect_same(const Recipe& a, const Recipe& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.description, b.description);
  EXPECT_EQ(a.layers, b.layers);
  EXPECT_EQ(a.epochs, b.epochs);
  EXPECT_EQ(a.batch_size, b.batch_size);
  EXPECT_EQ(a.validation, b.validation);
  EXPECT_EQ(a.patience, b.patience);
  EXPECT_EQ(a.seed, b.seed);
  EXPECT_EQ(a.data, b.data);
  EXPECT_EQ(a.precision, b.precision);
  EXPECT_EQ(a.ema_decay, b.ema_decay);
  EXPECT_EQ(a.label_smoothing, b.label_smoothing);
  EXPECT_EQ(a.class_weights, b.class_weights);
  EXPECT_EQ(a.batch_norm, b.batch_norm);
  EXPECT_EQ(a.load, b.load);
  EXPECT_EQ(a.gradient_clip, b.gradient_clip);
  EXPECT_EQ(a.optimizer, b.optimizer);
  EXPECT_EQ(a.schedule, b.schedule);
  EXPECT_EQ(a.augmentation, b.augmentation);
  EXPECT_EQ(a.pieces, b.pieces);
  EXPECT_EQ(a.split_seed, b.split_seed);
  EXPECT_EQ(a.members, b.members);
  EXPECT_EQ(a.tta, b.tta);
}

TEST(ParseRecipe, ReadsEverySetting) {
  const Recipe recipe = parse_recipe(R"(
name = "mine"
description = "a test"
[training]
epochs = 3
batch_size = 64
validation = 0.25
patience = 2
seed = 9
split_seed = 4
members = 5
precision = "f32"
data = "./digits"
ema_decay = 0.99
label_smoothing = 0.1
class_weights = "balanced"
batch_norm = "synchronized"
gradient_clip = 5
[data]
image_size = "32x20"
label_from = "name"
channels = "colour"
[optimizer]
type = "sgd"
learning_rate = 0.1
[schedule]
type = "one_cycle"
warmup = 0.1
[augmentation]
rotation = 10
elastic = 0.8
[test_time_augmentation]
zoom = 0.05
[[layers]]
type = "flatten"
[[layers]]
type = "dense"
out_features = 10
)",
                                     "mine.toml");
  EXPECT_EQ(recipe.name, "mine");
  EXPECT_EQ(recipe.description, "a test");
  EXPECT_EQ(recipe.epochs, 3);
  EXPECT_EQ(recipe.batch_size, 64);
  EXPECT_EQ(recipe.validation, 0.25);
  EXPECT_EQ(recipe.patience, 2);
  EXPECT_EQ(recipe.seed, 9u);
  EXPECT_EQ(recipe.split_seed, 4u);
  EXPECT_EQ(recipe.members, 5);
  EXPECT_EQ(recipe.tta, (TestTimeAugmentation{.zoom = 0.05}));
  EXPECT_EQ(recipe.data, "./digits");
  EXPECT_EQ(recipe.ema_decay, 0.99);
  EXPECT_EQ(recipe.label_smoothing, 0.1);
  EXPECT_EQ(recipe.class_weights, "balanced");
  EXPECT_EQ(recipe.batch_norm, "synchronized");
  EXPECT_EQ(recipe.load,
            (LoadOptions{{.height = 20, .width = 32}, LabelFrom::kName, Channels::kColour}));
  EXPECT_EQ(recipe.gradient_clip, 5);
  EXPECT_EQ(recipe.optimizer, OptimizerOptions(Sgd{.learning_rate = 0.1}));
  EXPECT_EQ(recipe.schedule, ScheduleOptions(OneCycle{.warmup = 0.1}));
  EXPECT_EQ(recipe.augmentation, (AugmentOptions{.rotation = 10, .elastic = 0.8}));
  EXPECT_EQ(recipe.layers, (std::vector<Attributes>{test::flatten(), test::dense(10)}));
}

TEST(ParseRecipe, DefaultsNeedLayersOnly) {
  const Recipe recipe = parse_recipe(kLayers, "some/folder/tiny.toml");
  Recipe want;
  want.name = "tiny";
  want.layers = recipe.layers;
  expect_same(recipe, want);
}

// Version 0.1 called the table [views].
TEST(Recipe, OfVersion01IsRead) {
  const std::string layers = "[[layers]]\ntype = \"flatten\"\n";
  const Recipe recipe = parse_recipe("[views]\nflip = true\n" + layers, "r");
  EXPECT_EQ(recipe.tta, TestTimeAugmentation{.flip = true});
  EXPECT_THAT(to_toml(recipe), ::testing::HasSubstr("[test_time_augmentation]\nflip = true"));
  test::expect_error(ErrorCode::kBadData, {"unknown table [test_time_augmentation]"}, [&] {
    parse_recipe("[views]\nflip = true\n[test_time_augmentation]\nflip = true\n" + layers, "r");
  });
}

TEST(Recipe, SurvivesTheWayToTomlAndBack) {
  Recipe recipe = test::blob_recipe();
  recipe.name = "quotes \" and \\, \xC3\xA9 '";
  recipe.description = "quotes \" and \\ and \n lines, \xC3\xA9 ''' \"\"\" \t";
  recipe.data = "C:\\digits";
  recipe.validation = 1.0 / 3;
  recipe.seed = INT64_MAX;
  recipe.precision = "bf16";
  recipe.batch_norm = "synchronized";
  learning_rate(recipe.optimizer) = 1e-20;
  recipe.augmentation.zoom = 0.1;
  const std::string text = to_toml(recipe);
  const Recipe again = parse_recipe(text, "x.toml");
  expect_same(again, recipe);
  EXPECT_EQ(to_toml(again), text);
}

// A recipe that a program filled in is refused in the words of a file with the same values.
TEST(CheckRecipe, RefusesWhatParseRecipeRefuses) {
  const auto words = [](const auto& check) -> std::string {
    try {
      check();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::vector<std::function<void(Recipe&)>> mistakes{
      [](Recipe& recipe) { recipe.epochs = 0; },
      [](Recipe& recipe) { recipe.validation = std::nan(""); },
      [](Recipe& recipe) { recipe.seed = UINT64_MAX; },
      [](Recipe& recipe) { recipe.precision = "f64"; },
      [](Recipe& recipe) { recipe.load.image_size = {.height = -1, .width = 4}; },
      [](Recipe& recipe) { recipe.optimizer = Adam{.learning_rate = -1}; },
      [](Recipe& recipe) { recipe.optimizer = Sgd{.momentum = 0, .nesterov = true}; },
      [](Recipe& recipe) { recipe.schedule = OneCycle{.warmup = 2}; },
      [](Recipe& recipe) { recipe.schedule = Cosine{.warmup = {.steps = 1, .epochs = 1}}; },
      [](Recipe& recipe) {
        recipe.schedule = ReduceOnPlateau{};
        recipe.validation = 0;
      },
      [](Recipe& recipe) { recipe.augmentation.rotation = 1000; },
      [](Recipe& recipe) { recipe.pieces.strings = 2; },
      [](Recipe& recipe) { recipe.tta.translation = -1; },
      [](Recipe& recipe) { recipe.layers[0]["type"] = std::string("flat"); },
      [](Recipe& recipe) { recipe.layers.clear(); },
      [](Recipe& recipe) { recipe.name = "a/b"; }};
  for (std::size_t i = 0; i < mistakes.size(); ++i) {
    Recipe recipe = test::blob_recipe();
    mistakes[i](recipe);
    const std::string found = words([&] { check_recipe(recipe, "r"); });
    EXPECT_NE(found, "") << i;
    EXPECT_EQ(found, words([&] { parse_recipe(to_toml(recipe), "r"); }));
  }
  EXPECT_EQ(words([] { check_recipe(test::blob_recipe(), "r"); }), "");
  for (std::string Recipe::*text : {&Recipe::name, &Recipe::description, &Recipe::data}) {
    Recipe recipe = test::blob_recipe();
    recipe.*text = "\xFF";
    EXPECT_THAT(words([&] { check_recipe(recipe, "r"); }), ::testing::HasSubstr("expected UTF-8"));
  }
}

TEST(Recipe, WithPiecesHasOneMoreClass) {
  Recipe recipe = test::blob_recipe();
  const Dataset data = test::blobs(3);
  EXPECT_EQ(class_names_of(recipe, data), data.class_names);
  recipe.pieces = PieceOptions{.strings = 0.5};
  expect_same(parse_recipe(to_toml(recipe), "x.toml"), recipe);
  EXPECT_EQ(class_names_of(recipe, data).back(), "other");
  recipe.members = 2;
  test::expect_error(ErrorCode::kBadData, {"x.toml", "[pieces]", "1 member", "2 members"},
                     [&] { parse_recipe(to_toml(recipe), "x.toml"); });
  recipe.members = 1;
  recipe.class_weights = "balanced";
  test::expect_error(ErrorCode::kBadData, {"[pieces]", "'class_weights'"},
                     [&] { parse_recipe(to_toml(recipe), "x.toml"); });
  recipe.class_weights = Recipe().class_weights;
  recipe.augmentation.zoom = 0.1;
  test::expect_error(ErrorCode::kBadData, {"[pieces]", "no [augmentation]"},
                     [&] { parse_recipe(to_toml(recipe), "x.toml"); });
}

TEST(Recipe, ShippedOnesParseAndFitMnist) {
  std::set<std::string> files;
  for (const auto& path : list_folder(DIGITRY_RECIPES_FOLDER)) files.insert(path.stem().string());
  const std::vector<std::string> names = recipe_names();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), files);
  const std::string page = read_file(DIGITRY_RECIPES_FOLDER "/../docs/recipes.md", 1 << 20);
  for (const std::string& name : recipe_names()) {
    const Recipe recipe = find_recipe(name);
    EXPECT_EQ(recipe.name, name);
    EXPECT_FALSE(recipe.description.empty());
    EXPECT_THAT(page, testing::HasSubstr("`" + name + "`"));
    const Network network({1, 28, 28}, 10, recipe.layers);
    const std::string path = DIGITRY_RECIPES_FOLDER "/" + name + ".toml";
    expect_same(find_recipe(path), recipe);
  }
}

TEST(RecipesPage, ListsEveryKeyAndType) {
  const std::string page = read_file(DIGITRY_RECIPES_FOLDER "/../docs/recipes.md", 1 << 20);
  std::vector<std::string> words;
  const auto keys_of = [&](const Attributes& options) {
    for (const auto& [key, value] : options) words.push_back("`" + key + "`");
  };
  for (const std::string type : {"adam", "adamw", "sgd", "lion"}) {
    words.push_back("`\"" + type + "\"`");
    keys_of(to_attributes(read_optimizer({{"type", type}}, ""), /*all=*/true));
  }
  for (const std::string type :
       {"constant", "one_cycle", "exponential", "step", "cosine", "reduce_on_plateau"}) {
    words.push_back("`\"" + type + "\"`");
    keys_of(to_attributes(read_schedule({{"type", type}}, ""), /*all=*/true));
  }
  // The lines of [training]: "epochs = 10".
  const std::string toml = to_toml({});
  std::istringstream training(toml.substr(toml.find("[training]")));
  std::string line;
  std::getline(training, line);
  while (std::getline(training, line) && !line.empty())
    words.push_back("`" + line.substr(0, line.find(' ')) + "`");
  EXPECT_GT(words.size(), 30u);
  for (const std::string& word : words) EXPECT_NE(page.find(word), std::string::npos) << word;
}

TEST(FindRecipe, NamesTheShippedOnesWhereThereIsNone) {
  test::expect_error(ErrorCode::kBadData, {"'mlpp'", "recipes: cnn, ", "notebook"},
                     [] { find_recipe("mlpp"); });
  const test::TemporaryFolder folder;
  test::expect_error(ErrorCode::kBadData, {"found a folder"},
                     [&] { find_recipe(folder.path().string()); });
  write_file_atomically(folder / "r.toml", "epochs = 1\n" + kLayers);
  test::expect_error(ErrorCode::kBadData, {(folder / "r.toml").string(), "'epochs'"},
                     [&] { find_recipe((folder / "r.toml").string()); });
}

void refuse(const std::vector<std::string>& parts, const std::string& toml) {
  std::vector<std::string> with_source{"r.toml: "};
  with_source.insert(with_source.end(), parts.begin(), parts.end());
  test::expect_error(ErrorCode::kBadData, with_source, [&] { parse_recipe(toml, "r.toml"); });
}

TEST(ParseRecipe, RefusesWhatIsNotToml) {
  refuse({"line 2"}, "name = \"a\"\n= 3\n");
  refuse({"line 1"}, "name = \"a");
  refuse({"line 1"}, "\xFF");
  refuse({"[[layers]]"}, "");
}

TEST(ParseRecipe, RefusesUnknownKeysAndTables) {
  refuse({"unknown key 'epochs'"}, "epochs = 3\n" + kLayers);
  refuse({"[training]", "unknown key 'epoch'", "epochs"}, "[training]\nepoch = 3\n" + kLayers);
  refuse({"[optimizer]", "unknown key 'lr'"}, "[optimizer]\nlr = 3\n" + kLayers);
  refuse({"[schedule]", "unknown key 'x'"}, "[schedule]\nx = 3\n" + kLayers);
  refuse({"[augmentation]", "unknown key 'rotate'", "rotation"},
         "[augmentation]\nrotate = 3\n" + kLayers);
  refuse({"[optimiser]"}, "[optimiser]\nlearning_rate = 3\n" + kLayers);
  refuse({"layers[2] (relu)", "unknown key 'slope'"},
         kLayers + "[[layers]]\ntype = \"relu\"\nslope = 0.1\n");
}

TEST(ParseRecipe, RefusesMissingAndImpossibleLayers) {
  refuse({"at least one [[layers]]"}, "name = \"x\"\n");
  refuse({"at least one [[layers]]"}, "layers = []\n");
  refuse({"at least one [[layers]]"}, "layers = 3\n");
  refuse({"layers[0]", "expected a table"}, "layers = [3]\n");
  refuse({"layers[0]", "'type' is missing"}, "[[layers]]\n");
  refuse({"layers[0]", "dense, dropout", "\"conv\""}, "[[layers]]\ntype = \"conv\"\n");
  refuse({"layers[0] (dense)", "'out_features' is missing"}, "[[layers]]\ntype = \"dense\"\n");
  refuse({"layers[0]", "'sizes'"}, "[[layers]]\ntype = \"dense\"\nsizes = [1, 2]\n");
}

TEST(ParseRecipe, RefusesTablesItDoesNotKnow) {
  refuse({"unknown table [optimiser]", "[optimizer]"}, kLayers + "[optimiser]\n");
  refuse(
      {"unknown table [layer]", "[augmentation], [pieces], [test_time_augmentation] or [[layers]]"},
      kLayers + "[[layer]]\n");
}

// The parser recurses: at the nesting limit it must not overflow the stack.
TEST(ParseRecipe, RefusesWhatNestsTooDeeply) {
  const auto nested = [](int depth) {
    std::string keys = "a";
    for (int i = 0; i < depth; ++i) keys += ".a";
    return keys;
  };
  refuse({"at most 4096 dots", "found 50000"}, nested(50'000) + " = 1\n");
  refuse({"at most 4096 dots", "found 50001"}, "[" + nested(50'000) + "]\n");
  refuse({"at most 4096 dots"}, "a = " + std::string(100'000, '['));
  refuse({"[[layers]]"}, nested(4096) + " = 1\n");
  refuse({"[[layers]]"}, "[" + nested(4095) + "]\n");
}

TEST(ParseRecipe, RefusesWrongTypesAndValuesOutOfRange) {
  const auto refuse_training = [](const std::string& key, const std::string& value) {
    refuse({"[training]", "'" + key + "'"}, "[training]\n" + key + " = " + value + "\n" + kLayers);
  };
  refuse_training("epochs", "0");
  refuse_training("epochs", "1.5");
  refuse_training("epochs", "\"3\"");
  refuse_training("precision", "\"f16\"");
  refuse_training("batch_size", "0");
  refuse_training("batch_size", "65537");
  refuse_training("validation", "0.95");
  refuse_training("validation", "-0.1");
  refuse_training("validation", "nan");
  refuse_training("patience", "-1");
  refuse_training("seed", "-1");
  refuse_training("data", "3");
  refuse_training("ema_decay", "1");
  refuse_training("ema_decay", "-0.1");
  refuse_training("ema_decay", "true");
  refuse_training("class_weights", "'equal'");
  refuse_training("batch_norm", "'global'");
  refuse_training("label_smoothing", "1");
  refuse_training("label_smoothing", "nan");
  refuse_training("gradient_clip", "-1");
  refuse_training("gradient_clip", "inf");
  refuse_training("epochs", "2020-01-01");
  refuse({"[training] to be a table"}, "training = 3\n" + kLayers);
  refuse({"[optimizer] to be a table"}, "optimizer = \"adam\"\n" + kLayers);
  refuse({"[augmentation] to be a table"}, "augmentation = true\n" + kLayers);
  refuse({"[augmentation]", "'zoom'", "0 to 0.9"}, "[augmentation]\nzoom = 1.5\n" + kLayers);
  refuse({"[augmentation]", "'erase'"}, "[augmentation]\nerase = nan\n" + kLayers);
  refuse({"'name': expected a text"}, "name = 3\n" + kLayers);
  for (const char* name : {"", "/tmp/elsewhere", "../up", "a\\nb"})
    refuse({"'name'", "folder name"}, fmt::format("name = \"{}\"\n{}", name, kLayers));
  refuse({"[optimizer]", "'learning_rate'", "inf"}, "[optimizer]\nlearning_rate = inf\n" + kLayers);
}

TEST(ParseRecipe, RefusesAScheduleByValidationWithoutAny) {
  const std::string schedule = "[schedule]\ntype = \"reduce_on_plateau\"\n" + kLayers;
  EXPECT_NO_THROW(parse_recipe(schedule, "r.toml"));
  refuse({"[schedule]", "'validation' above 0"}, "[training]\nvalidation = 0\n" + schedule);
}

}  // namespace
}  // namespace digitry
