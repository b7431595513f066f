#include "digitry/data/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/text.h"
#include "digitry/data/dataset.h"
#include "digitry/image/image.h"

namespace digitry {
namespace {

std::string column_name(std::string_view field) {
  std::string name;
  for (const char c : field)
    if (c != '"' && c != ' ')
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

// A word or "1x1". A line that begins with anything else is a row, perhaps a bad one, so that a bad
// first row is not silently skipped as a heading.
bool is_column_name(std::string_view field) {
  const std::string name = column_name(field);
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  if (digits > 0) return digits < name.size() && name[digits] == 'x';
  const auto first = name.empty() ? '\0' : static_cast<unsigned char>(name[0]);
  return std::isalpha(first) != 0 || first == '_' || first == '#' || first >= 0x80;
}

// The first name of a heading may be empty: pandas writes the index column so.
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
        throw bad(
            "line 1: expected a label and a square number of pixels per row, found {} columns",
            layout_.num_columns);
    }
    if (layout_.height > kMaxImageSide || layout_.width > kMaxImageSide)
      throw bad("line 1: expected images of at most {} pixels per side, found {}x{}", kMaxImageSide,
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
        throw bad("line 1, column {}: expected one label column, the first or the last, found {}",
                  column + 1, layout_.labelled() ? "a second one" : "one in between");
      layout_.label_column = column;
    }
    const std::size_t pixels =
        layout_.num_columns - (layout_.labelled() ? 1U : 0U) - (layout_.has_id ? 1U : 0U);
    if (!set_named_size(last_pixel, pixels) && !set_square(pixels))
      throw bad("line 1: expected a square number of pixel columns (or 1x1 ... HxW){}, found {}",
                layout_.labelled() ? "" : " and a label column named label or class", pixels);
  }

  // Reads the size from the name of the last pixel, "HxW".
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

namespace {

// The lines of a text that are not empty, numbered from 1, without their line breaks ("\n" or
// "\r\n").
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

class Reader {
 public:
  explicit Reader(ByteStream& stream)
      : name_(stream.name()),
        content_(read_rest(stream, kMaxInputBytes)),
        text_(without_byte_order_mark(content_)) {
    Lines lines(text_);
    std::string_view first;
    if (!lines.next(first)) throw bad("expected rows of label,pixel0,..., found an empty file");
    layout_ = find_csv_layout(name_, first);
  }

  CsvImages images() const {
    const std::int64_t rows = count_rows();
    CsvImages result;
    const std::int64_t pixels = layout_.height * layout_.width;
    result.images = Tensor({rows, 1, layout_.height, layout_.width}, DType::kU8);
    if (layout_.labelled()) result.labels.reserve(static_cast<std::size_t>(rows));

    std::uint8_t* image = result.images.as<std::uint8_t>().data();
    std::int32_t unused = 0;
    Lines lines = rows_of_text();
    for (std::string_view line; lines.next(line); image += pixels) {
      std::int32_t& label = layout_.labelled() ? result.labels.emplace_back() : unused;
      parse_row(line, lines.number(), image, label);
    }
    return result;
  }

  std::vector<std::int32_t> labels() const {
    std::vector<std::int32_t> result;
    if (!layout_.labelled()) return result;
    Lines lines = rows_of_text();
    for (std::string_view line; lines.next(line);) {
      if (num_columns(line) != layout_.num_columns) throw too_short(line, lines.number());
      const bool last = layout_.label_column + 1 == layout_.num_columns;
      std::string_view field = last ? line.substr(line.rfind(',') + 1) : line;
      if (!last && layout_.has_id) field.remove_prefix(std::min(field.find(',') + 1, field.size()));
      const char* at = field.data();
      result.push_back(parse_number(at, field.data() + field.size(), kMaxClasses - 1,
                                    lines.number(), layout_.label_column));
    }
    return result;
  }

 private:
  template <typename... Args>
  Error bad(MessageFormat<std::type_identity_t<Args>...> format, const Args&... args) const {
    return Error(ErrorCode::kBadData, "{}: {}", name_, format_message(format, args...));
  }

  Lines rows_of_text() const {
    Lines lines(text_);
    std::string_view heading;
    if (layout_.has_heading) lines.next(heading);
    return lines;
  }

  // The number of rows. Each is checked to be long enough for all columns, so that the memory
  // allocated for images is in proportion to the size of the file.
  std::int64_t count_rows() const {
    std::int64_t rows = 0;
    // At least one character per column; an id may be empty.
    const std::size_t min_length = 2 * layout_.num_columns - (layout_.has_id ? 2 : 1);
    Lines lines = rows_of_text();
    for (std::string_view line; lines.next(line); ++rows) {
      if (line.size() < min_length) throw too_short(line, lines.number());
    }
    if (rows == 0) throw bad("expected at least one row of pixels, found none");
    return rows;
  }

  static std::size_t num_columns(std::string_view line) {
    return static_cast<std::size_t>(std::ranges::count(line, ',')) + 1;
  }

  Error too_short(std::string_view line, std::int64_t number) const {
    const std::size_t columns = num_columns(line);
    return columns == layout_.num_columns
               ? bad("line {}: expected a number in each column, found an empty one", number)
               : bad("line {}: expected {} columns, found {}", number, layout_.num_columns,
                     columns);
  }

  std::int32_t parse_number(const char*& at, const char* end, std::int32_t max, std::int64_t line,
                            std::size_t column) const {
    std::int32_t value = -1;
    const auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc() || value < 0 || value > max || (stop != end && *stop != ',')) {
      const std::string_view field(at, static_cast<std::size_t>(end - at));
      throw bad("line {}, column {}: expected a whole number in [0, {}], found \"{}\"", line,
                column + 1, max, field.substr(0, std::min<std::size_t>(field.find(','), 24)));
    }
    at = stop;
    return value;
  }

  void parse_row(std::string_view line, std::int64_t number, std::uint8_t* image,
                 std::int32_t& label) const {
    const char* at = line.data();
    const char* const end = at + line.size();
    for (std::size_t column = 0; column < layout_.num_columns; ++column) {
      if (column > 0) {
        if (at == end || *at != ',')
          throw bad("line {}: expected {} columns, found {}", number, layout_.num_columns, column);
        ++at;
      }
      if (column == layout_.label_column) {
        label = parse_number(at, end, kMaxClasses - 1, number, column);
      } else if (column == 0 && layout_.has_id) {
        at = std::find(at, end, ',');
      } else {
        *image++ = static_cast<std::uint8_t>(parse_number(at, end, 255, number, column));
      }
    }
    if (at != end)
      throw bad("line {}: expected {} columns, found more", number, layout_.num_columns);
  }

  std::string name_;
  std::string content_;
  std::string_view text_;
  CsvLayout layout_;
};

}  // namespace

CsvImages read_csv(ByteStream& stream) { return Reader(stream).images(); }

std::vector<std::int32_t> read_csv_labels(ByteStream& stream) { return Reader(stream).labels(); }

bool looks_like_csv(std::string_view start) {
  return !start.empty() && std::ranges::all_of(start, [](char c) {
    return static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\r' || c == '\t';
  });
}

namespace fs = std::filesystem;

std::optional<fs::path> find_csv_file(const fs::path& folder, Split split) {
  for (const char* ending : {".csv", ".csv.gz"})
    if (fs::path file = folder / (std::string(to_string(split)) + ending); path_exists(file))
      return file;
  return std::nullopt;
}

}  // namespace digitry
