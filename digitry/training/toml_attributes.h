#pragma once

#define TOML_HEADER_ONLY 1  // Debian has a compiled library as well.
#include <toml++/toml.h>

#include <string>
#include <string_view>

#include "digitry/base/attributes.h"

namespace digitry {

/// Parses TOML that may be hostile.
/// Throws Error{kBadData}, with a message that begins with `source`, if the text is not TOML (with
/// the line and the cause), or if it nests so deeply that parsing could overflow the stack.
toml::table parse_toml(std::string_view text, const std::string& source);

/// Converts a number, boolean or string to an attribute. Throws Error{kBadData}, with a message
/// that begins with `where`, for anything else.
AttributeValue option_of(const toml::node& node, const std::string& where);

}  // namespace digitry
