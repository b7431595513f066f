#pragma once

#define TOML_HEADER_ONLY 1  // Debian has a compiled library as well.
#include <toml++/toml.h>

#include <string>
#include <string_view>

#include "digitry/base/attributes.h"

namespace digitry {

/// Parses TOML that may be hostile.
/// Throws Error{kBadData} that begins with `source`: with the line and the cause where the text is
/// no TOML, and where it nests so deep that reading it could overflow the stack.
toml::table parse_toml(std::string_view text, const std::string& source);

/// A number, truth or text as an option's value.
/// Throws Error{kBadData} that begins with `where` for anything else.
AttributeValue option_of(const toml::node& node, const std::string& where);

}  // namespace digitry
