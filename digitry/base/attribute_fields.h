#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "digitry/base/attributes.h"

namespace digitry {

// Option structs as attributes. A struct has a `kType`, and beside it a function
//   template <typename Field> void fields(Struct& options, const Field& field);
// which calls field(key, value, low, high) for each number and field(key, value) for each flag.
// From this one list follow reading, with its checks, and writing.

/// A field function: replaces each value by that of the reader, if it has one.
struct ReadFields {
  AttributeReader& reader;

  void operator()(const char* key, double& value, double low, double high) const {
    value = reader.number(key, low, high, value);
  }
  void operator()(const char* key, std::int64_t& value, std::int64_t low, std::int64_t high) const {
    value = reader.integer(key, low, high, value);
  }
  void operator()(const char* key, bool& value) const { value = reader.boolean(key, value); }
};

/// A field function: writes each value.
struct WriteFields {
  Attributes& to;

  template <typename Value, typename... Range>
  void operator()(const char* key, const Value& value, const Range&... /*range*/) const {
    to[key] = value;
  }
};

/// The option structs of a variant by their `kType`.
template <typename Variant>
struct OptionTypes;

template <typename... Options>
struct OptionTypes<std::variant<Options...>> {
  static std::vector<std::string> names() { return {Options::kType...}; }

  /// The defaults of a type; expects one of `names`.
  static std::variant<Options...> make(std::string_view type) {
    std::variant<Options...> made;
    const auto try_type = [&]<typename Option>(Option option) {
      if (type == Option::kType) made = option;
    };
    (try_type(Options{}), ...);
    return made;
  }
};

/// All values of the struct that a variant holds, and its `type`.
template <typename Variant>
Attributes all_attributes(const Variant& options) {
  return std::visit(
      [](auto held) {
        Attributes attributes{{"type", std::string(held.kType)}};
        fields(held, WriteFields{attributes});
        return attributes;
      },
      options);
}

}  // namespace digitry
