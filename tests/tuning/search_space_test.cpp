#include "digitry/tuning/search_space.h"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/errors.h"

namespace digitry::test {
namespace {

constexpr const char* kSpace = R"(
["optimizer.learning_rate"]
low = 0.0001
high = 0.1
log = true
["training.batch_size"]
choices = [32, 64, 128]
["layers.2.rate"]
low = 0.0
high = 0.6
["layers.1.out_features"]
low = 16
high = 18
["schedule.type"]
choices = ["constant", "one_cycle"]
)";

const SearchedValue& value_of(const SearchSpace& space, std::string_view path) {
  for (const SearchedValue& value : space.values)
    if (value.path == path) return value;
  throw std::out_of_range(std::string(path));
}

TEST(SearchSpace, ReadsRangesAndChoices) {
  const SearchSpace space = parse_search_space(kSpace, "space.toml");
  ASSERT_EQ(space.values.size(), 5u);
  const SearchedValue& rate = value_of(space, "optimizer.learning_rate");
  EXPECT_EQ(rate.kind, SearchedValue::Kind::kNumber);
  EXPECT_TRUE(rate.log);
  EXPECT_EQ(rate.high, 0.1);
  EXPECT_EQ(value_of(space, "layers.2.rate").kind, SearchedValue::Kind::kNumber);
  EXPECT_EQ(value_of(space, "layers.1.out_features").kind, SearchedValue::Kind::kInteger);
  EXPECT_EQ(value_of(space, "training.batch_size").num_choices(), 3u);
  EXPECT_EQ(to_toml(parse_search_space(to_toml(space), "again")), to_toml(space));
}

TEST(SearchSpace, RefusesWhatIsNoSpace) {
  const auto refuse = [](const std::vector<std::string>& parts, const std::string& text) {
    std::vector<std::string> all{"s.toml"};
    all.insert(all.end(), parts.begin(), parts.end());
    expect_error(ErrorCode::kBadData, all, [&] { parse_search_space(text, "s.toml"); });
  };
  refuse({"nothing to search"}, "");
  refuse({"line 1"}, "[");
  refuse({"expected a table"}, "a = 1");
  refuse({"'high': expected a number"}, "[\"a.b\"]\nlow = 1");
  refuse({"'low': expected a number"}, "[\"a.b\"]\nlow = \"x\"\nhigh = 1");
  refuse({"'low': expected a number"}, "[\"a.b\"]\nlow = -inf\nhigh = 1");
  refuse({"low < high", "2 and 1"}, "[\"a.b\"]\nlow = 2\nhigh = 1");
  refuse({"low > 0"}, "[\"a.b\"]\nlow = 0\nhigh = 1\nlog = true");
  refuse({"'log'"}, "[\"a.b\"]\nlow = 1\nhigh = 2\nlog = 1");
  refuse({"unknown key 'step'"}, "[\"a.b\"]\nlow = 1\nhigh = 2\nstep = 1");
  refuse({"at least two"}, "[\"a.b\"]\nchoices = [1]");
  refuse({"at least two"}, "[\"a.b\"]\nchoices = 3");
  refuse({"duplicate 1"}, "[\"a.b\"]\nchoices = [1, 2, 1]");
  refuse({"either choices or low"}, "[\"a.b\"]\nchoices = [1, 2]\nlow = 1");
  refuse({"choices: expected a number, true, false or a string"},
         "[\"a.b\"]\nchoices = [[1], [2]]");
  refuse({"dots and opening brackets"}, std::string(5000, '['));
}

TEST(ValueAt, CoversItsRangeEvenly) {
  const SearchSpace space = parse_search_space(kSpace, "space.toml");
  const auto number = [&](const std::string& path, double coordinate) {
    return std::get<double>(value_at(value_of(space, path), coordinate));
  };
  EXPECT_NEAR(number("optimizer.learning_rate", 0), 1e-4, 1e-12);
  EXPECT_NEAR(number("optimizer.learning_rate", 1.0 / 3), 1e-3, 1e-9);
  EXPECT_NEAR(number("optimizer.learning_rate", 0.9999999), 0.1, 1e-6);
  EXPECT_NEAR(number("layers.2.rate", 0.5), 0.3, 1e-12);
  std::map<std::int64_t, int> features;
  std::map<std::string, int> schedules;
  for (int i = 0; i < 300; ++i) {
    ++features[std::get<std::int64_t>(
        value_at(value_of(space, "layers.1.out_features"), i / 300.0))];
    ++schedules[std::get<std::string>(value_at(value_of(space, "schedule.type"), i / 300.0))];
  }
  EXPECT_EQ(features, (std::map<std::int64_t, int>{{16, 100}, {17, 100}, {18, 100}}));
  EXPECT_EQ(schedules, (std::map<std::string, int>{{"constant", 150}, {"one_cycle", 150}}));
}

TEST(RecipeAt, PutsTheValuesIntoTheRecipe) {
  const Recipe notebook = find_recipe("notebook");
  const SearchSpace space = parse_search_space(kSpace, "space.toml");
  SearchPoint point(space.values.size(), 0.5);
  const std::string before = to_toml(notebook);
  // The notebook's layers: flatten, dense, relu, dropout, dense.
  expect_error(ErrorCode::kBadData, {"layers[2]", "rate"},
               [&] { recipe_at(notebook, space, point); });
  const SearchSpace fitting = parse_search_space(
      "[\"layers.3.rate\"]\nlow = 0.0\nhigh = 0.6\n[\"augmentation.rotation\"]\nlow = 0\nhigh = "
      "20\n"
      "[\"training.batch_size\"]\nchoices = [32, 64]",
      "s");
  const Recipe recipe = recipe_at(notebook, fitting, {0.5, 0.5, 0.5});
  EXPECT_EQ(recipe.batch_size, 64);
  EXPECT_DOUBLE_EQ(std::get<double>(recipe.layers[3].at("rate")), 0.3);
  EXPECT_GT(recipe.augmentation.rotation, 0);
  EXPECT_EQ(to_toml(notebook), before);
}

TEST(RecipeAt, SaysWhichPathLeadsNowhere) {
  const Recipe notebook = find_recipe("notebook");
  const auto refuse = [&](const std::vector<std::string>& parts, const std::string& path) {
    const SearchSpace space = parse_search_space("[\"" + path + "\"]\nlow = 0.1\nhigh = 0.2", "s");
    expect_error(ErrorCode::kBadData, parts, [&] { recipe_at(notebook, space, {0.5}); });
  };
  refuse({"layers.9.rate", "no layer '9'"}, "layers.9.rate");
  refuse({"no layer 'x'"}, "layers.x.rate");
  refuse({"expected two parts"}, "layers.rate");
  refuse({"expected two parts"}, "rate");
  refuse({"expected two parts"}, "a.b.c.d");
  refuse({"'name' is not a table"}, "name.x");
  refuse({"unknown table [optimiser]"}, "optimiser.learning_rate");
  refuse({"learning_speed"}, "optimizer.learning_speed");
  refuse({"batch_size"}, "training.batch_size");
}

}  // namespace
}  // namespace digitry::test
