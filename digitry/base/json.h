#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "digitry/base/attributes.h"

// JSON of model files. Internal: public headers do not include it.

namespace digitry {

/// Parses a JSON object and keeps its keys in the order of the text. Throws Error{kBadData}, whose
/// message begins with `source`, if the text is not JSON or not an object, is nested deeper than 16
/// levels, or has a duplicate key or more than 20,000 keys in one object.
nlohmann::ordered_json parse_json_object(std::string_view text, const std::string& source);

/// The value as one line of text. Bytes that are not UTF-8 (in a file name, say) become U+FFFD.
std::string dump(const nlohmann::ordered_json& value);

nlohmann::ordered_json attributes_to_json(const Attributes& options);
/// The inverse. Throws Error{kBadData}, whose message begins with `source`, if `object` is not an
/// object or a value is not a number, a boolean or a text.
Attributes attributes_from_json(const nlohmann::ordered_json& object, const std::string& source);

}  // namespace digitry
