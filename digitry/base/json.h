#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "digitry/base/attributes.h"

// JSON as model files use it. Internal to model_io: public headers do not include it.

namespace digitry {

/// Parses an object, keys in the order of the text. Throws Error{kBadData} that begins with
/// `source` for anything that is not JSON, not an object, nested deeper than 16, has a key twice,
/// or more than 20,000 keys in one object.
nlohmann::ordered_json parse_json_object(std::string_view text, const std::string& source);

/// One line. Bytes that are not UTF-8 (a file name, say) become U+FFFD instead of an exception.
std::string dump(const nlohmann::ordered_json& value);

nlohmann::ordered_json attributes_to_json(const Attributes& options);
/// Throws Error{kBadData} where a value is not a number, truth value or text.
Attributes attributes_from_json(const nlohmann::ordered_json& object, const std::string& source);

}  // namespace digitry
