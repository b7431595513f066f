#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace digitry {

/// `text` as valid UTF-8: each byte that is not becomes U+FFFD, each control character but newline
/// and tab a space.
std::string clean_utf8(std::string_view text);

/// Number of code points of valid UTF-8.
std::size_t num_code_points(std::string_view text);

/// At most `max_code_points` of valid UTF-8, the last one "…" where something is left out.
std::string elided(std::string_view text, std::size_t max_code_points);

/// `text` with each `from` replaced by `to`, left to right, not again inside what was put there.
std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// 1234567 as "1,234,567".
std::string grouped(std::int64_t value);

/// 0.98421 as "98.42" with 2 decimals; rounded towards zero where rounding would claim 100.
std::string percent_number(double fraction, int decimals);

/// A probability for people: "99.8 %", never "100.0 %" for less than 1 but "> 99.9 %".
std::string probability_text(double probability);

/// Base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);

/// What `base64` made `text` of; nothing where it made no such text: other letters, no padding,
/// bits left over.
std::optional<std::string> from_base64(std::string_view text);

/// The text behind the byte-order mark that some editors and spreadsheets begin UTF-8 with.
inline std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

}  // namespace digitry
