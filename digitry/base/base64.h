#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace digitry {

/// Base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);

/// What `base64` made `text` of; nothing where it made no such text: other letters, no padding,
/// bits left over.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace digitry
