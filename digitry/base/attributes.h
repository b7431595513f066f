#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace digitry {

/// A named set of scalar options, as read from a recipe (TOML) or a model file (JSON) and as
/// written back to them: the neutral form between files and the typed option structs.
using AttributeValue = std::variant<std::int64_t, double, bool, std::string>;
using Attributes = std::map<std::string, AttributeValue>;

/// Reads options strictly: each is checked for type and range, and `finish` refuses keys that
/// nobody asked for. Errors are Error{kBadData} that begin with `where`, e.g. "layers[2] (dense)".
class AttributeReader {
 public:
  AttributeReader(const Attributes& options, std::string where);

  /// Each returns `fallback` where the key is missing, and throws where there is no fallback.
  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high,
                       std::optional<std::int64_t> fallback = std::nullopt);
  /// An integer is taken for a number too. The range is closed.
  double number(const std::string& key, double low, double high,
                std::optional<double> fallback = std::nullopt);
  bool boolean(const std::string& key, std::optional<bool> fallback = std::nullopt);
  std::string text(const std::string& key, const std::vector<std::string>& choices,
                   std::optional<std::string> fallback = std::nullopt);

  /// The value where the key is there and is a text, else null: for keys that take a word or a
  /// number.
  const std::string* find_text(const std::string& key);

  bool has(const std::string& key) const { return options_.contains(key); }
  const std::string& where() const { return where_; }

  /// Throws where a key is left that was not asked for, naming it and the known ones.
  void finish() const;

 private:
  const AttributeValue* find(const std::string& key, bool required);
  [[noreturn]] void fail(const std::string& key, const std::string& rule) const;

  const Attributes& options_;
  std::string where_;
  std::vector<std::string> known_;  // Sorted.
};

/// As a person would write it: 0.2, true, "relu".
std::string to_string(const AttributeValue& value);

}  // namespace digitry
