#include "digitry/base/json.h"

#include <fmt/format.h>

#include <set>
#include <type_traits>
#include <vector>

#include "digitry/base/error.h"

namespace digitry {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 16;
// Objects keep their keys in a list, so that finding one takes time proportional to its length.
constexpr std::size_t kMaxKeys = 20'000;

}  // namespace

Json parse_json_object(std::string_view text, const std::string& source) {
  std::vector<std::set<std::string>> keys_of_open_objects;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > kMaxDepth)
      throw Error(ErrorCode::kBadData, "{}: expected at most {} levels of nesting, found more",
                  source, kMaxDepth);
    if (event == Json::parse_event_t::object_start) keys_of_open_objects.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_of_open_objects.pop_back();
    if (event == Json::parse_event_t::key) {
      std::set<std::string>& keys = keys_of_open_objects.back();
      if (!keys.insert(value.get<std::string>()).second)
        throw Error(ErrorCode::kBadData, "{}: duplicate key '{}'", source,
                    value.get<std::string>());
      if (keys.size() > kMaxKeys)
        throw Error(ErrorCode::kBadData, "{}: expected at most {} keys in one object, found more",
                    source, kMaxKeys);
    }
    return true;
  };
  Json parsed;
  try {
    parsed = Json::parse(text, watch);
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kBadData, "{}: expected JSON, found: {}", source, error.what());
  }
  if (!parsed.is_object())
    throw Error(ErrorCode::kBadData, "{}: expected a JSON object, found another kind of value",
                source);
  return parsed;
}

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json attributes_to_json(const Attributes& options) {
  Json object = Json::object();
  for (const auto& [key, value] : options)
    std::visit([&object, &name = key](const auto& v) { object[name] = v; }, value);
  return object;
}

Attributes attributes_from_json(const Json& object, const std::string& source) {
  if (!object.is_object())
    throw Error(ErrorCode::kBadData, "{}: expected an object, found another kind of value", source);
  Attributes options;
  for (const auto& [key, value] : object.items()) {
    if (value.is_boolean())
      options[key] = value.get<bool>();
    else if (value.is_number_integer())
      options[key] = value.get<std::int64_t>();
    else if (value.is_number())
      options[key] = value.get<double>();
    else if (value.is_string())
      options[key] = value.get<std::string>();
    else
      throw Error(ErrorCode::kBadData,
                  "{}: '{}': expected a number, a boolean or a text, found another kind of value",
                  source, key);
  }
  return options;
}

}  // namespace digitry
