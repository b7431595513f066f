#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace digitry {

/// A grey 8-bit PNG of `pixels`, row by row from the top, width · height of them.
/// Throws Error{kInvalidArgument} where the counts do not fit or a side is 0.
std::string encode_png(std::span<const std::uint8_t> pixels, std::int64_t width,
                       std::int64_t height);

/// Base64 with padding (RFC 4648, section 4), for data URIs.
std::string base64(std::string_view bytes);

}  // namespace digitry
