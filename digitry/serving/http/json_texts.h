#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// Internal to serving: small requests in JSON.

namespace digitry::serving {

/// The texts under `keys` in the JSON object `json`, in the order of the keys; other members are
/// passed over. Throws Error{kBadData} if it is no JSON object, if a key is missing, stands there
/// twice or has no text, or if something in it is nested deeply.
std::vector<std::string> json_texts(std::string_view json, std::span<const std::string_view> keys);

}  // namespace digitry::serving
