#include "digitry/data/csv_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/data/image_limits.h"

namespace digitry {
namespace {

std::string column_name(std::string_view field) {
  std::string name;
  for (const char c : field)
    if (c != '"' && c != ' ')
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

// A word, or "1x1". Anything else that is no pixel makes a bad row, not a heading: headings go
// without a word.
bool is_column_name(std::string_view field) {
  const std::string name = column_name(field);
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  if (digits > 0) return digits < name.size() && name[digits] == 'x';
  const auto first = name.empty() ? '\0' : static_cast<unsigned char>(name[0]);
  return std::isalpha(first) != 0 || first == '_' || first == '#' || first >= 0x80;
}

// Tables with an index have no name above it.
bool is_heading(std::string_view line) {
  const std::size_t first = std::min(line.find(','), line.size());
  if (!column_name(line.substr(0, first)).empty()) return is_column_name(line.substr(0, first));
  line.remove_prefix(std::min(first + 1, line.size()));
  return is_column_name(line.substr(0, line.find(',')));
}

class LayoutReader {
 public:
  LayoutReader(const std::string& name, std::string_view first) : name_(name) {
    layout_.num_columns = static_cast<std::size_t>(std::ranges::count(first, ',')) + 1;
    layout_.has_heading = is_heading(first);
    if (layout_.has_heading)
      read_heading(first);
    else if (!set_square(layout_.num_columns)) {
      layout_.label_column = 0;
      if (!set_square(layout_.num_columns - 1))
        throw bad("want a label and a square number of pixels a row, found {} columns",
                  layout_.num_columns);
    }
    if (layout_.height > kMaxImageSide || layout_.width > kMaxImageSide)
      throw bad("want images of at most {} pixels a side, found {}x{}", kMaxImageSide,
                layout_.height, layout_.width);
  }

  const CsvLayout& layout() const { return layout_; }

 private:
  template <typename... Args>
  Error bad(MessageFormat<std::type_identity_t<Args>...> format, const Args&... args) const {
    return Error(ErrorCode::kBadData, "{}: {}", name_, format_message(format, args...));
  }

  void read_heading(std::string_view line) {
    const auto is_label = [](const std::string& name) {
      return name == "label" || name == "class";
    };
    std::string last_pixel;
    for (std::size_t column = 0; column < layout_.num_columns; ++column) {
      const std::size_t end = std::min(line.find(','), line.size());
      const std::string name = column_name(line.substr(0, end));
      line.remove_prefix(std::min(end + 1, line.size()));
      if (column == 0 && (name == "id" || name == "imageid" || name.empty())) layout_.has_id = true;
      if (!is_label(name)) {
        last_pixel = name;
        continue;
      }
      const bool first = column == (layout_.has_id ? 1U : 0U);
      if (layout_.labelled() || !(first || column + 1 == layout_.num_columns))
        throw bad("line 1, column {}: want one label column, the first or the last", column + 1);
      layout_.label_column = column;
    }
    const std::size_t pixels =
        layout_.num_columns - (layout_.labelled() ? 1U : 0U) - (layout_.has_id ? 1U : 0U);
    if (!set_named_size(last_pixel, pixels) && !set_square(pixels))
      throw bad("line 1: want a square number of pixel columns (or 1x1 ... HxW){}, found {}",
                layout_.labelled() ? "" : " and a label column called label or class", pixels);
  }

  // Takes the size from the last pixel's name, "HxW".
  bool set_named_size(std::string_view name, std::size_t pixels) {
    std::int64_t height = 0;
    std::int64_t width = 0;
    const char* const end = name.data() + name.size();
    const auto [middle, error] = std::from_chars(name.data(), end, height);
    if (error != std::errc() || middle == end || *middle != 'x') return false;
    const auto [last, error2] = std::from_chars(middle + 1, end, width);
    if (error2 != std::errc() || last != end || height < 1 || width < 1 || height > kMaxImageSide ||
        width > kMaxImageSide || static_cast<std::size_t>(height * width) != pixels)
      return false;
    layout_.height = height;
    layout_.width = width;
    return true;
  }

  bool set_square(std::size_t pixels) {
    const auto side =
        static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(pixels))));
    if (side < 1 || static_cast<std::size_t>(side * side) != pixels) return false;
    layout_.height = layout_.width = side;
    return true;
  }

  const std::string& name_;
  CsvLayout layout_;
};

}  // namespace

CsvLayout find_csv_layout(const std::string& name, std::string_view first_line) {
  return LayoutReader(name, first_line).layout();
}

}  // namespace digitry
