#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace digitry {

/// Named scalar options: the neutral form between files (recipes in TOML, model files in JSON) and
/// the typed option structs.
using AttributeValue = std::variant<std::int64_t, double, bool, std::string>;
using Attributes = std::map<std::string, AttributeValue>;

/// Reads options strictly: checks the type and the range of each value, and `finish` rejects keys
/// that were never read. All errors are Error{kBadData} and begin with `where`, for example
/// "layers[2] (dense)". Keeps a reference to `options`.
class AttributeReader {
 public:
  AttributeReader(const Attributes& options, std::string where);

  /// These four return `fallback` if the key is missing. They throw Error{kBadData} if the key is
  /// missing and there is no fallback, or if the value has another type or is out of range.
  /// Ranges are closed.
  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high,
                       std::optional<std::int64_t> fallback = std::nullopt);
  /// Accepts integers too.
  double number(const std::string& key, double low, double high,
                std::optional<double> fallback = std::nullopt);
  bool boolean(const std::string& key, std::optional<bool> fallback = std::nullopt);
  /// An empty list of choices allows any text.
  std::string text(const std::string& key, const std::vector<std::string>& choices,
                   std::optional<std::string> fallback = std::nullopt);

  /// The value if the key exists and holds a text, else null: for keys that accept a word or a
  /// number.
  const std::string* find_text(const std::string& key);

  bool has(const std::string& key) const { return options_.contains(key); }
  const std::string& where() const { return where_; }

  /// Throws Error{kBadData} if `options` has a key that was never read; the message lists the keys
  /// that were.
  void finish() const;

 private:
  const AttributeValue* find(const std::string& key, bool required);
  [[noreturn]] void fail(const std::string& key, const std::string& rule) const;

  const Attributes& options_;
  std::string where_;
  std::vector<std::string> known_;  // Sorted.
};

/// The value as it is written in a recipe: 0.2, true, "relu".
std::string to_string(const AttributeValue& value);

}  // namespace digitry
