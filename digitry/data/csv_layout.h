#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace digitry {

/// What each column of a table of images is.
struct CsvLayout {
  static constexpr std::size_t kNoColumn = SIZE_MAX;

  bool has_heading = false;
  std::size_t num_columns = 0;
  std::size_t label_column = kNoColumn;
  bool has_id = false;  ///< In column 0.
  std::int64_t height = 0;
  std::int64_t width = 0;

  bool labelled() const { return label_column != kNoColumn; }
};

/// The layout as the first line tells it, a heading or a row. Without a heading, a number of
/// columns that is no square has the label in front of a square number of pixels. Throws
/// Error{kBadData}, beginning with `name`, where it cannot be one of images.
CsvLayout find_csv_layout(const std::string& name, std::string_view first_line);

}  // namespace digitry
