#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace digitry {

/// `text` as valid UTF-8: invalid bytes become U+FFFD, and control characters other than newline
/// and tab become spaces.
std::string clean_utf8(std::string_view text);

/// The number of code points of `text`. Expects valid UTF-8.
std::size_t num_code_points(std::string_view text);

/// The first code points of `text`, at most `max_code_points`; the last one is "…" if `text` is
/// longer. Expects valid UTF-8.
std::string elided(std::string_view text, std::size_t max_code_points);

/// `text` with each `from` replaced by `to`, from left to right. Replacements are not searched
/// again.
std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// The number with thousands separators: "1,234,567".
std::string grouped(std::int64_t value);

/// A fraction as a percentage without its sign: 0.98421 with 2 decimals is "98.42". Values below 1
/// are never rounded up to "100".
std::string percent_number(double fraction, int decimals);

/// A probability as a percentage: "99.8 %"; "> 99.9 %" for values between 0.999 and 1.
std::string probability_text(double probability);

/// Whether `a` comes before `b` in natural order: numbers in the texts by their value, so that
/// "2.png" comes before "10.png"; else by bytes.
bool natural_less(std::string_view a, std::string_view b);

/// Date and time in UTC to the second, as "2026-11-30T17:42:38" (RFC 3339 without its zone).
std::string utc_text(std::time_t time);

/// Base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);

/// The inverse of `base64`. Nothing if `text` is not its output: other characters, missing padding,
/// nonzero trailing bits.
std::optional<std::string> from_base64(std::string_view text);

/// `text` without the UTF-8 byte-order mark that some editors and spreadsheets put at its start.
inline std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

}  // namespace digitry
