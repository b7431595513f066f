#include "digitry/serving/http/json_texts.h"

#include <simdjson.h>

#include <optional>

#include "digitry/base/error.h"

namespace digitry::serving {
namespace {

// More than any of these requests has.
constexpr std::size_t kMaxNesting = 16;

std::string text_in(const simdjson::dom::object& object, std::string_view key) {
  std::optional<std::string> text;
  for (const simdjson::dom::key_value_pair member : object) {
    if (member.key != key) continue;
    if (text) throw Error(ErrorCode::kBadData, "{}: expected one, got two", key);
    std::string_view value;
    if (member.value.get(value) != simdjson::SUCCESS)
      throw Error(ErrorCode::kBadData, "{}: expected a text, got something else", key);
    text = value;
  }
  if (!text) throw Error(ErrorCode::kBadData, "{}: expected a text, got nothing", key);
  return *text;
}

}  // namespace

std::vector<std::string> json_texts(std::string_view json, std::span<const std::string_view> keys) {
  simdjson::dom::parser parser;
  simdjson::error_code error = parser.allocate(json.size(), kMaxNesting);
  simdjson::dom::element root;
  if (error == simdjson::SUCCESS) error = parser.parse(json.data(), json.size()).get(root);
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  if (error == simdjson::DEPTH_ERROR)
    throw Error(ErrorCode::kBadData, "expected JSON nested less than {} deep", kMaxNesting);
  if (error != simdjson::SUCCESS)
    throw Error(ErrorCode::kBadData, "not JSON: {}", simdjson::error_message(error));
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS)
    throw Error(ErrorCode::kBadData, "expected a JSON object, got something else");
  std::vector<std::string> texts;
  for (const std::string_view key : keys) texts.push_back(text_in(object, key));
  return texts;
}

}  // namespace digitry::serving
