#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The layout of a table of images: which columns are labels and pixels.

namespace digitry {

/// The lines of a text that are not empty, numbered from 1, without their line breaks ("\n" or
/// "\r\n").
class Lines {
 public:
  explicit Lines(std::string_view text) : left_(text) {}

  bool next(std::string_view& line) {
    while (!left_.empty()) {
      ++number_;
      const std::size_t end = std::min(left_.find('\n'), left_.size());
      line = left_.substr(0, end);
      left_.remove_prefix(std::min(end + 1, left_.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) return true;
    }
    return false;
  }
  std::int64_t number() const { return number_; }

 private:
  std::string_view left_;
  std::int64_t number_ = 0;
};

/// Takes the first cell of `rest`, without quotes and the spaces around it, and the separator
/// behind it. `more` says whether there was a separator.
std::string_view take_cell(std::string_view& rest, char separator, bool& more);

/// The number in a cell: decimal, without a plus sign. Nothing for anything else.
std::optional<double> parse_cell(std::string_view cell);

struct CsvLayout {
  static constexpr std::size_t kNoColumn = SIZE_MAX;

  char separator = ',';
  bool has_heading = false;
  std::size_t num_columns = 0;
  std::size_t label_column = kNoColumn;
  bool has_id = false;  ///< Column 0 is an id.
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::size_t> places;  ///< Of the pixel columns, in the image; empty: in order.

  bool labelled() const { return label_column != kNoColumn; }
};

/// Determines the layout of a table from its first line and, if that is no heading, its rows.
/// Throws Error{kBadData}, whose message begins with `name`, if the columns cannot be those of an
/// image.
CsvLayout find_csv_layout(const std::string& name, std::string_view text);

}  // namespace digitry
