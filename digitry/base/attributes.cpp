#include "digitry/base/attributes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "digitry/base/error.h"

namespace digitry {

namespace {

// A basic string of TOML, which is also a string of JSON.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      result += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      result += c;
  }
  return result + "\"";
}

}  // namespace

AttributeReader::AttributeReader(const Attributes& options, std::string where)
    : options_(options), where_(std::move(where)) {}

std::int64_t AttributeReader::integer(const std::string& key, std::int64_t low, std::int64_t high,
                                      std::optional<std::int64_t> fallback) {
  const AttributeValue* value = find(key, !fallback.has_value());
  if (value == nullptr) return *fallback;
  const auto* found = std::get_if<std::int64_t>(value);
  if (found == nullptr || *found < low || *found > high)
    fail(key, high == std::numeric_limits<std::int64_t>::max()
                  ? fmt::format("an integer of at least {}", low)
                  : fmt::format("an integer from {} to {}", low, high));
  return *found;
}

double AttributeReader::number(const std::string& key, double low, double high,
                               std::optional<double> fallback) {
  const AttributeValue* value = find(key, !fallback.has_value());
  if (value == nullptr) return *fallback;
  double found = std::nan("");
  if (const auto* real = std::get_if<double>(value)) found = *real;
  if (const auto* whole = std::get_if<std::int64_t>(value)) found = static_cast<double>(*whole);
  // NaN fails this test.
  if (!(found >= low && found <= high)) fail(key, fmt::format("a number from {} to {}", low, high));
  return found;
}

bool AttributeReader::boolean(const std::string& key, std::optional<bool> fallback) {
  const AttributeValue* value = find(key, !fallback.has_value());
  if (value == nullptr) return *fallback;
  const auto* found = std::get_if<bool>(value);
  if (found == nullptr) fail(key, "true or false");
  return *found;
}

std::string AttributeReader::text(const std::string& key, const std::vector<std::string>& choices,
                                  std::optional<std::string> fallback) {
  const AttributeValue* value = find(key, !fallback.has_value());
  if (value == nullptr) return *fallback;
  const auto* found = std::get_if<std::string>(value);
  const bool allowed =
      found != nullptr && (choices.empty() || std::ranges::find(choices, *found) != choices.end());
  if (!allowed)
    fail(key, choices.empty() ? "a text" : fmt::format("one of {}", fmt::join(choices, ", ")));
  return *found;
}

const std::string* AttributeReader::find_text(const std::string& key) {
  const AttributeValue* value = find(key, /*required=*/false);
  return value == nullptr ? nullptr : std::get_if<std::string>(value);
}

void AttributeReader::finish() const {
  for (const auto& [key, value] : options_)
    if (!std::ranges::binary_search(known_, key))
      throw Error(ErrorCode::kBadData, "{}: unknown key '{}'; expected one of: {}", where_, key,
                  fmt::format("{}", fmt::join(known_, ", ")));
}

const AttributeValue* AttributeReader::find(const std::string& key, bool required) {
  if (const auto at = std::ranges::lower_bound(known_, key); at == known_.end() || *at != key)
    known_.insert(at, key);
  const auto found = options_.find(key);
  if (found != options_.end()) return &found->second;
  if (required) throw Error(ErrorCode::kBadData, "{}: '{}' is missing", where_, key);
  return nullptr;
}

void AttributeReader::fail(const std::string& key, const std::string& rule) const {
  throw Error(ErrorCode::kBadData, "{}: '{}': expected {}, got {}", where_, key, rule,
              to_string(options_.at(key)));
}

std::string to_string(const AttributeValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* real = std::get_if<double>(&value)) {
    // TOML and JSON readers would read "2" as an integer.
    const std::string shortest = fmt::format("{}", *real);
    return shortest.find_first_of(".en") == std::string::npos ? shortest + ".0" : shortest;
  }
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  return quoted(std::get<std::string>(value));
}

}  // namespace digitry
