#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/training/recipe.h"

namespace digitry {

/// One searched value of a recipe.
struct SearchedValue {
  enum class Kind { kNumber, kInteger, kChoice };

  std::string path;  ///< "optimizer.learning_rate", "layers.2.rate", "training.batch_size".
  Kind kind = Kind::kNumber;
  double low = 0;
  double high = 1;
  bool log = false;                     ///< Uniform on a logarithmic scale.
  std::vector<AttributeValue> choices;  ///< For kChoice: any values, unordered.

  /// Number of choices; 0 for a range.
  std::size_t num_choices() const { return choices.size(); }
};

/// The searched values of a recipe and their ranges. A point of the space has one coordinate in
/// [0, 1) per value.
struct SearchSpace {
  std::vector<SearchedValue> values;
};

using SearchPoint = std::vector<double>;

/// Parses TOML with one table per value:
///
///   ["optimizer.learning_rate"]
///   low = 0.0001
///   high = 0.1
///   log = true
///   ["training.batch_size"]
///   choices = [32, 64, 128]
///
/// If `low` and `high` are both integers, integers are searched, `high` included.
/// Throws Error{kBadData}, naming `source` and the value, if the text does not parse, a key is
/// unknown, low ≥ high, a logarithmic range includes 0, or there are fewer than two choices or
/// equal ones.
SearchSpace parse_search_space(std::string_view toml, const std::string& source);

/// The inverse of parse_search_space.
std::string to_toml(const SearchSpace& space);

/// The value at a coordinate in [0, 1).
AttributeValue value_at(const SearchedValue& searched, double coordinate);

/// A short text of the value: "0.00312", "64", "\"one_cycle\"".
std::string value_text(const AttributeValue& value);

/// The texts of the values at a point, in the order of the space.
std::vector<std::string> value_texts(const SearchSpace& space, const SearchPoint& point);

/// Checks a space before a search: applies both ends of each range and each choice to the recipe.
/// Throws as `recipe_at`, naming `source`, the path and the value.
void check_space(const Recipe& recipe, const SearchSpace& space, const std::string& source);

/// The recipe with the values of `point`, checked like any recipe.
/// Throws Error{kBadData} if a path does not exist in the recipe, if it is one that must be equal
/// for all trials (such as the seed), or if a value is invalid.
Recipe recipe_at(const Recipe& recipe, const SearchSpace& space, const SearchPoint& point);

}  // namespace digitry
