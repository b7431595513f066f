#include "digitry/data/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/text.h"
#include "digitry/data/csv_layout.h"
#include "digitry/data/data_source.h"
#include "digitry/data/dataset.h"

namespace digitry {
namespace {

class Reader {
 public:
  explicit Reader(ByteStream& stream)
      : name_(stream.name()),
        content_(read_rest(stream, kMaxInputBytes)),
        text_(without_byte_order_mark(content_)),
        layout_(find_csv_layout(name_, text_)) {}

  CsvImages images() {
    const std::int64_t rows = count_rows();
    CsvImages result;
    result.images = Tensor({rows, 1, layout_.height, layout_.width}, DType::kU8);
    std::uint8_t* to = result.images.as<std::uint8_t>().data();
    if (read_rows(result.labels, to)) {
      if (decimal_ && max_ <= 1)
        for (std::uint8_t& pixel : result.images.as<std::uint8_t>())
          pixel = static_cast<std::uint8_t>(255 * pixel);
      return result;
    }
    // There are fractions: their scale is known only at the end.
    result.labels.clear();
    std::vector<float> values(static_cast<std::size_t>(result.images.num_elements()));
    read_rows(result.labels, values.data());
    const float factor = max_ <= 1 ? 255 : 1;
    std::ranges::transform(values, to, [&](float value) {
      return static_cast<std::uint8_t>(std::lround(factor * value));
    });
    return result;
  }

  std::vector<std::int32_t> labels() const {
    std::vector<std::int32_t> result;
    if (!layout_.labelled()) return result;
    Lines lines = rows_of_text();
    for (std::string_view line; lines.next(line);) {
      bool more = true;
      std::size_t found = 0;  // Cells.
      std::string_view rest = line;
      while (more) {
        const std::string_view cell = take_cell(rest, layout_.separator, more);
        if (found++ == layout_.label_column)
          result.push_back(parse_label(cell, lines.number(), layout_.label_column));
        // Those behind the label only need to be counted.
        if (found <= layout_.label_column || layout_.separator == ' ') continue;
        if (more) found += 1 + count_separators(rest);
        break;
      }
      if (found != layout_.num_columns) throw wrong_count(lines.number(), found);
    }
    return result;
  }

 private:
  template <typename... Args>
  Error bad(MessageFormat<std::type_identity_t<Args>...> format, const Args&... args) const {
    return Error(ErrorCode::kBadData, "{}: {}", name_, format_message(format, args...));
  }

  Error wrong_count(std::int64_t line, std::size_t found) const {
    return bad("line {}: expected {} columns, found {}", line, layout_.num_columns, found);
  }

  Error wrong_cell(std::int64_t line, std::size_t column, std::string_view what,
                   std::string_view cell) const {
    return bad("line {}, column {}: expected {}, found \"{}\"", line, column + 1, what,
               clean_utf8(cell.substr(0, 24)));
  }

  std::size_t count_separators(std::string_view line) const {
    return static_cast<std::size_t>(std::ranges::count(line, layout_.separator));
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
      if (line.size() >= min_length) continue;
      const std::size_t columns = count_separators(line) + 1;
      throw columns == layout_.num_columns
          ? bad("line {}: expected a number in each column, found an empty one", lines.number())
          : wrong_count(lines.number(), columns);
    }
    if (rows == 0) throw bad("expected at least one row of pixels, found none");
    return rows;
  }

  std::int32_t parse_label(std::string_view cell, std::int64_t line, std::size_t column) const {
    const auto value = parse_cell(cell);
    if (!value || !(*value >= 0 && *value < kMaxClasses) || *value != std::floor(*value))
      throw wrong_cell(line, column, fmt::format("a whole number in [0, {}]", kMaxClasses - 1),
                       cell);
    return static_cast<std::int32_t>(*value);
  }

  // Reads the rows as pixels of type T. Returns false, at the first fraction, if T cannot hold it.
  template <typename T>
  bool read_rows(std::vector<std::int32_t>& labels, T* image) {
    max_ = 0;
    Lines lines = rows_of_text();
    const std::int64_t pixels = layout_.height * layout_.width;
    for (std::string_view line; lines.next(line); image += pixels)
      if (!read_row(line, lines.number(), labels, image)) return false;
    return true;
  }

  template <typename T>
  bool read_row(std::string_view rest, std::int64_t line, std::vector<std::int32_t>& labels,
                T* image) {
    bool more = true;
    std::size_t pixel = 0;
    for (std::size_t column = 0; column < layout_.num_columns; ++column) {
      if (!more) throw wrong_count(line, column);
      const bool is_pixel = column != layout_.label_column && !(column == 0 && layout_.has_id);
      double value = is_pixel ? take_digits(rest, more) : -1;
      if (value < 0) {
        const std::string_view cell = take_cell(rest, layout_.separator, more);
        if (column == layout_.label_column) labels.push_back(parse_label(cell, line, column));
        if (!is_pixel) continue;
        value = parse_pixel(cell, line, column);
      }
      max_ = std::max(max_, value);
      if constexpr (!std::is_same_v<T, float>)
        if (value != std::floor(value)) return false;
      image[layout_.places.empty() ? pixel : layout_.places[pixel]] = static_cast<T>(value);
      ++pixel;
    }
    if (more) throw bad("line {}: expected {} columns, found more", line, layout_.num_columns);
    return true;
  }

  // The fast way: a whole number in [0, 255] and its separator; -1 for anything else.
  double take_digits(std::string_view& rest, bool& more) const {
    int value = 0;
    std::size_t i = 0;
    for (; i < rest.size() && i < 3 && rest[i] >= '0' && rest[i] <= '9'; ++i)
      value = 10 * value + (rest[i] - '0');
    const bool ends = i == rest.size();
    if (i == 0 || value > 255 || layout_.separator == ' ' ||
        !(ends || rest[i] == layout_.separator))
      return -1;
    more = !ends;
    rest.remove_prefix(ends ? i : i + 1);
    return value;
  }

  double parse_pixel(std::string_view cell, std::int64_t line, std::size_t column) {
    const auto value = parse_cell(cell);
    if (!value || !(*value >= 0 && *value <= 255))
      throw wrong_cell(line, column, "a number in [0, 255]", cell);
    decimal_ |= cell.find_first_of(".eE") != std::string_view::npos;
    return *value;
  }

  std::string name_;
  std::string content_;
  std::string_view text_;
  CsvLayout layout_;
  double max_ = 0;        // Of the pixels that were read.
  bool decimal_ = false;  // Some pixel is written with a decimal point.
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
  std::optional<fs::path> found;
  for (const fs::path& path : list_folder(folder)) {
    std::string name = path.filename().string();
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const bool csv = name.ends_with(".csv") || name.ends_with(".csv.gz");
    if (!csv || name.starts_with('.') || split_in_name(name.substr(0, name.rfind(".csv"))) != split)
      continue;
    if (found)
      throw Error(ErrorCode::kBadData, "{}: expected one CSV file of {} images, found {} and {}",
                  folder.string(), to_string(split), found->filename().string(),
                  path.filename().string());
    found = path;
  }
  return found;
}

}  // namespace digitry
