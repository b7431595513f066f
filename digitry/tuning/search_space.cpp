#include "digitry/tuning/search_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <sstream>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/training/toml_attributes.h"

namespace digitry {
namespace {

// The last coordinate below 1.
constexpr double kNearlyOne = 1 - std::numeric_limits<double>::epsilon();

std::vector<AttributeValue> read_choices(const toml::node& node, const std::string& where) {
  const auto* list = node.as_array();
  std::vector<AttributeValue> choices;
  if (list != nullptr)
    for (const auto& choice : *list) choices.push_back(option_of(choice, where + ": choices"));
  for (std::size_t i = 0; i < choices.size(); ++i)
    if (std::ranges::count(choices, choices[i]) > 1)
      throw Error(ErrorCode::kBadData, "{}: choices: duplicate {}", where, to_string(choices[i]));
  if (choices.size() < 2)
    throw Error(ErrorCode::kBadData, "{}: choices: expected a list of at least two values", where);
  return choices;
}

double read_bound(const toml::table& table, const char* key, const std::string& where) {
  const auto value = table[key].value<double>();
  if (!value || !std::isfinite(*value))
    throw Error(ErrorCode::kBadData, "{}: '{}': expected a number", where, key);
  return *value;
}

SearchedValue read_range(const toml::table& table, SearchedValue value, const std::string& where) {
  value.low = read_bound(table, "low", where);
  value.high = read_bound(table, "high", where);
  if (const auto* log = table.get("log")) {
    if (!log->is_boolean())
      throw Error(ErrorCode::kBadData, "{}: 'log': expected true or false", where);
    value.log = log->as_boolean()->get();
  }
  const bool whole = table.get("low")->is_integer() && table.get("high")->is_integer();
  value.kind = whole ? SearchedValue::Kind::kInteger : SearchedValue::Kind::kNumber;
  if (value.low >= value.high)
    throw Error(ErrorCode::kBadData, "{}: expected low < high, got {} and {}", where, value.low,
                value.high);
  if (value.log && value.low <= 0)
    throw Error(ErrorCode::kBadData, "{}: expected low > 0 for a logarithmic range, got {}", where,
                value.low);
  return value;
}

SearchedValue read_value(const std::string& path, const toml::node& node,
                         const std::string& source) {
  const std::string where = fmt::format("{}: [\"{}\"]", source, path);
  if (!node.is_table()) throw Error(ErrorCode::kBadData, "{}: expected a table", where);
  const toml::table& table = *node.as_table();
  SearchedValue value;
  value.path = path;
  for (const auto& [key, unused] : table) {
    const std::string name(key.str());
    if (unused.is_table())
      throw Error(ErrorCode::kBadData, "{}: [{}.{}]: expected the path in quotes: [\"{}.{}\"]",
                  source, path, name, path, name);
    if (name != "low" && name != "high" && name != "log" && name != "choices")
      throw Error(ErrorCode::kBadData, "{}: unknown key '{}'; expected low, high, log or choices",
                  where, name);
  }
  const auto* choices = table.get("choices");
  if (choices == nullptr) return read_range(table, std::move(value), where);
  if (table.size() > 1)
    throw Error(ErrorCode::kBadData, "{}: expected either choices or low and high", where);
  value.kind = SearchedValue::Kind::kChoice;
  value.choices = read_choices(*choices, where);
  return value;
}

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts;
  std::stringstream stream(path);
  for (std::string part; std::getline(stream, part, '.');) parts.push_back(part);
  return parts;
}

[[noreturn]] void leads_nowhere(const std::string& path, const std::string& why) {
  throw Error(
      ErrorCode::kBadData,
      "\"{}\": {}; expected a table and a key of the recipe (optimizer.learning_rate) or of a "
      "layer (layers.2.rate)",
      path, why);
}

toml::table& layer_at(toml::table& root, const std::string& index, const std::string& path) {
  auto* layers = root.get_as<toml::array>("layers");
  std::size_t place = 0;
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), place);
  if (error != std::errc() || end != index.data() + index.size() || layers == nullptr ||
      place >= layers->size())
    leads_nowhere(path, fmt::format("no layer '{}' (there are {}, counted from 0)", index,
                                    layers == nullptr ? 0 : layers->size()));
  return *(*layers)[place].as_table();
}

// Trials are compared by single networks on the same validation images, so what defines these
// cannot be searched.
void check_comparable(const std::vector<std::string>& parts, const std::string& path) {
  constexpr std::array kFixed{"data", "seed", "split_seed", "validation", "members"};
  const bool fixed =
      parts[0] == "training" && std::ranges::find(kFixed, parts.back()) != kFixed.end();
  if (fixed || parts[0] == "test_time_augmentation" || parts[0] == "views")
    throw Error(ErrorCode::kBadData,
                "\"{}\": this value cannot be searched: all trials are compared by one network "
                "each, on the same validation images, without test-time augmentation",
                path);
}

// The table of the recipe that contains the last part of the path.
toml::table& table_of(toml::table& root, const std::vector<std::string>& parts,
                      const std::string& path) {
  if (parts.size() == 3 && parts[0] == "layers") return layer_at(root, parts[1], path);
  if (parts.size() != 2 || parts[0] == "layers") leads_nowhere(path, "expected two parts");
  // A table missing from the recipe, such as [augmentation], has all defaults.
  if (root.get(parts[0]) == nullptr) root.insert(parts[0], toml::table{});
  auto* table = root.get_as<toml::table>(parts[0]);
  if (table == nullptr) leads_nowhere(path, fmt::format("'{}' is not a table", parts[0]));
  return *table;
}

// The table and the key in it that a path names.
std::pair<toml::table*, std::string> find_table(toml::table& root, const std::string& path) {
  const std::vector<std::string> parts = split_path(path);
  toml::table& table = table_of(root, parts, path);
  check_comparable(parts, path);
  return {&table, parts.back()};
}

std::string number_text(double value, SearchedValue::Kind kind) {
  return kind == SearchedValue::Kind::kInteger ? fmt::format("{}", static_cast<std::int64_t>(value))
                                               : to_string(AttributeValue(value));
}

}  // namespace

SearchSpace parse_search_space(std::string_view toml, const std::string& source) {
  const toml::table root = parse_toml(toml, source);
  SearchSpace space;
  for (const auto& [key, node] : root)
    space.values.push_back(read_value(std::string(key.str()), node, source));
  if (space.values.empty())
    throw Error(ErrorCode::kBadData,
                "{}: nothing to search: expected one table per value, such as "
                "[\"optimizer.learning_rate\"] with low and high",
                source);
  return space;
}

std::string to_toml(const SearchSpace& space) {
  std::string text;
  for (const SearchedValue& value : space.values) {
    text += fmt::format("[{}]\n", to_string(AttributeValue(value.path)));
    if (value.kind == SearchedValue::Kind::kChoice) {
      std::string list;
      for (const AttributeValue& choice : value.choices)
        list += (list.empty() ? "" : ", ") + to_string(choice);
      text += fmt::format("choices = [{}]\n", list);
    } else {
      text += fmt::format("low = {}\nhigh = {}\nlog = {}\n", number_text(value.low, value.kind),
                          number_text(value.high, value.kind), value.log);
    }
  }
  return text;
}

AttributeValue value_at(const SearchedValue& searched, double coordinate) {
  if (searched.kind == SearchedValue::Kind::kChoice) {
    const auto count = static_cast<double>(searched.num_choices());
    return searched.choices[static_cast<std::size_t>(std::min(coordinate * count, count - 1))];
  }
  // Each integer has an interval of length 1.
  const bool whole = searched.kind == SearchedValue::Kind::kInteger;
  const double low = searched.low - (whole ? 0.5 : 0);
  const double high = searched.high + (whole ? 0.5 : 0);
  const double value =
      searched.log ? low * std::pow(high / low, coordinate) : low + (high - low) * coordinate;
  if (!whole) return std::clamp(value, searched.low, searched.high);
  return static_cast<std::int64_t>(std::clamp(std::round(value), searched.low, searched.high));
}

std::string value_text(const AttributeValue& value) {
  const double* number = std::get_if<double>(&value);
  return number != nullptr ? fmt::format("{:.4g}", *number) : to_string(value);
}

std::vector<std::string> value_texts(const SearchSpace& space, const SearchPoint& point) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < point.size(); ++i)
    texts.push_back(value_text(value_at(space.values[i], point[i])));
  return texts;
}

void check_space(const Recipe& recipe, const SearchSpace& space, const std::string& source) {
  toml::table root = parse_toml(to_toml(recipe), recipe.name);
  for (const SearchedValue& value : space.values) {
    find_table(root, value.path);
    const SearchSpace alone{{value}};
    const bool choice = value.kind == SearchedValue::Kind::kChoice;
    const auto steps = choice ? static_cast<std::int64_t>(value.num_choices()) : 2;
    for (std::int64_t step = 0; step < steps; ++step) {
      const auto place = static_cast<double>(step);
      const double coordinate =
          choice ? (place + 0.5) / static_cast<double>(steps) : place * kNearlyOne;
      try {
        recipe_at(recipe, alone, {coordinate});
      } catch (const Error& error) {
        throw Error(error.code(), "{}: [\"{}\"]: invalid value {}: {}", source, value.path,
                    value_text(value_at(value, coordinate)), error.what());
      }
    }
  }
}

Recipe recipe_at(const Recipe& recipe, const SearchSpace& space, const SearchPoint& point) {
  toml::table root = parse_toml(to_toml(recipe), recipe.name);
  for (std::size_t i = 0; i < space.values.size(); ++i) {
    const auto place = find_table(root, space.values[i].path);
    std::visit([&](const auto& value) { place.first->insert_or_assign(place.second, value); },
               value_at(space.values[i], point[i]));
  }
  std::ostringstream text;
  text << root;
  return parse_recipe(text.str(), recipe.name);
}

}  // namespace digitry
