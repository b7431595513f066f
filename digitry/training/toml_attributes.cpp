#include "digitry/training/toml_attributes.h"

#include <algorithm>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr std::int64_t kMaxNesting = 4096;

// toml++ recurses for every level of nesting, by a.b.c or by brackets, but limits only brackets:
// 50,000 dots overflow the stack. The number of dots and brackets is an upper bound of the depth.
void check_nesting(std::string_view text, const std::string& source) {
  const auto nests = [](char c) { return c == '.' || c == '[' || c == '{'; };
  if (const auto found = std::ranges::count_if(text, nests); found > kMaxNesting)
    throw Error(ErrorCode::kBadData, "{}: expected at most {} dots and opening brackets, found {}",
                source, kMaxNesting, found);
}

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& source) {
  check_nesting(text, source);
  try {
    return toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorCode::kBadData, "{}: line {}: {}", source, error.source().begin.line,
                error.description());
  }
}

AttributeValue option_of(const toml::node& node, const std::string& where) {
  if (const auto* whole = node.as_integer()) return whole->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* truth = node.as_boolean()) return truth->get();
  if (const auto* text = node.as_string()) return text->get();
  throw Error(ErrorCode::kBadData, "{}: expected a number, true, false or a string", where);
}

}  // namespace digitry
