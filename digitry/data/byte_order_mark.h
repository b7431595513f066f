#pragma once

#include <string_view>

namespace digitry {

/// The text behind the byte-order mark that some editors and spreadsheets begin UTF-8 with.
inline std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

}  // namespace digitry
