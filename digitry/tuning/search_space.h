#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/training/recipe.h"

namespace digitry {

/// One value of a recipe that is searched.
struct SearchedValue {
  enum class Kind { kNumber, kInteger, kChoice };

  std::string path;  ///< "optimizer.learning_rate", "layers.2.rate", "training.batch_size".
  Kind kind = Kind::kNumber;
  double low = 0;
  double high = 1;
  bool log = false;                     ///< Equal ratios are equally likely.
  std::vector<AttributeValue> choices;  ///< Of kChoice: any values, in no order.

  /// Of a choice: how many; else 0.
  std::size_t num_choices() const { return choices.size(); }
};

/// Which values of a recipe are searched, and where. A point of it is one number in [0, 1) a value.
struct SearchSpace {
  std::vector<SearchedValue> values;
};

using SearchPoint = std::vector<double>;

/// Reads TOML of one table a value:
///
///   ["optimizer.learning_rate"]
///   low = 0.0001
///   high = 0.1
///   log = true
///   ["training.batch_size"]
///   choices = [32, 64, 128]
///
/// `low` and `high` that are both whole numbers search whole numbers, high included.
/// Throws Error{kBadData} naming `source`, the value and the rule: what does not parse, unknown
/// keys, low not below high, a logarithmic range from 0, fewer than two choices, two of them equal.
SearchSpace parse_search_space(std::string_view toml, const std::string& source);

/// TOML that parse_search_space reads back to the same space.
std::string to_toml(const SearchSpace& space);

/// What a coordinate in [0, 1) stands for.
AttributeValue value_at(const SearchedValue& searched, double coordinate);

/// "0.00312", "64", "\"one_cycle\"": short enough for a line of many.
std::string value_text(const AttributeValue& value);

/// Finds out what is wrong with a space before a search: tries the ends of each range and each
/// choice. Throws Error{kBadData} as `recipe_at`, naming `source`, the path and the value.
void check_space(const Recipe& recipe, const SearchSpace& space, const std::string& source);

/// The recipe with the values of `point` in it, checked like any recipe.
/// Throws Error{kBadData} where a path leads nowhere in the recipe or to what trials are compared
/// by, like the seed, or where a value breaks its rules.
Recipe recipe_at(const Recipe& recipe, const SearchSpace& space, const SearchPoint& point);

}  // namespace digitry
