#include "digitry/data/csv_layout.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"
#include "digitry/image/image.h"

namespace digitry {
namespace {

constexpr std::int64_t kRowsToJudge = 2000;
constexpr std::int64_t kLeastCounted = 257;
constexpr std::array<std::string_view, 6> kLabelNames = {"label",  "labels", "class",
                                                         "target", "digit",  "y"};

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

char find_separator(std::string_view line) {
  char best = ' ';
  std::ptrdiff_t most = 0;
  for (const char candidate : {',', ';', '\t'})
    if (const auto count = std::ranges::count(line, candidate); count > most) {
      best = candidate;
      most = count;
    }
  return most == 0 && trimmed(line).find(' ') == std::string_view::npos ? ',' : best;
}

std::string column_name(std::string_view cell) {
  std::string name;
  for (const char c : cell)
    if (c != '"' && c != ' ')
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

// A word or "1x1". A line that begins with anything else is a row, perhaps a bad one, so that a bad
// first row is not silently skipped as a heading.
bool is_column_name(const std::string& name) {
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  if (digits > 0) return digits < name.size() && name[digits] == 'x';
  const auto first = name.empty() ? '\0' : static_cast<unsigned char>(name[0]);
  return std::isalpha(first) != 0 || first == '_' || first == '#' || first >= 0x80;
}

std::optional<std::int64_t> parse_index(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < 0)
    return std::nullopt;
  return value;
}

// "3x12" as 3 and 12.
std::optional<std::pair<std::int64_t, std::int64_t>> parse_place(const std::string& name) {
  const std::size_t cross = std::min(name.find('x'), name.size());
  const auto row = parse_index(std::string_view(name).substr(0, cross));
  if (!row || cross == name.size()) return std::nullopt;
  const auto column = parse_index(std::string_view(name).substr(cross + 1));
  if (!column) return std::nullopt;
  return std::pair(*row, *column);
}

// What the cells of a column without a name can be.
struct Column {
  bool whole = true;
  std::set<double> values;

  void add(std::string_view cell) {
    const auto value = parse_cell(cell);
    whole &= value && *value >= 0 && *value < kMaxClasses && *value == std::floor(*value);
    if (value && values.size() <= static_cast<std::size_t>(kMaxClasses)) values.insert(*value);
  }
  bool constant() const { return values.size() < 2; }
  // All of 0, 1, 2, ... or 1, 2, 3, ...
  bool counts() const {
    return whole && *values.begin() <= 1 &&
           static_cast<double>(values.size()) == *values.rbegin() - *values.begin() + 1;
  }
  std::string describe() const {
    return fmt::format("{} value{} from {} to {}", values.size(), values.size() == 1 ? "" : "s",
                       *values.begin(), *values.rbegin());
  }
};

class LayoutReader {
 public:
  LayoutReader(const std::string& name, std::string_view text) : name_(name) {
    Lines lines(text);
    std::string_view first;
    if (!lines.next(first)) throw bad("expected rows of label,pixel0,..., found an empty file");
    layout_.separator = find_separator(first);
    bool more = true;
    while (more) names_.push_back(column_name(take_cell(first, layout_.separator, more)));
    layout_.num_columns = names_.size();
    // The first name of a heading may be empty: pandas writes the index column so.
    const bool unnamed = names_.front().empty() && names_.size() > 1;
    const bool counted = counts_columns();
    layout_.has_heading = counted || is_column_name(names_[unnamed ? 1 : 0]);
    if (layout_.has_heading && !(counted && !names_a_label()))
      read_heading();
    else
      read_rows(text);
    if (layout_.height > kMaxImageSide || layout_.width > kMaxImageSide)
      throw bad("line 1: expected images of at most {} pixels per side, found {}x{}", kMaxImageSide,
                layout_.height, layout_.width);
  }

  CsvLayout take() { return std::move(layout_); }

 private:
  template <typename... Args>
  Error bad(MessageFormat<std::type_identity_t<Args>...> format, const Args&... args) const {
    return Error(ErrorCode::kBadData, "{}: {}", name_, format_message(format, args...));
  }

  bool names_a_label() const {
    return std::ranges::any_of(names_, [](const std::string& name) {
      return std::ranges::find(kLabelNames, name) != kLabelNames.end();
    });
  }

  // Whether the first line numbers the columns, 0, 1, 2, ..., but for a label: the heading that
  // pandas writes for columns without names. With 256 and more no row of pixels is like that.
  bool counts_columns() const {
    std::int64_t next = 0;
    for (const std::string& name : names_) {
      if (std::ranges::find(kLabelNames, name) != kLabelNames.end()) continue;
      if (parse_index(name) != next) return false;
      ++next;
    }
    return next >= kLeastCounted;
  }

  void read_heading() {
    std::vector<std::string> pixels;
    for (std::size_t column = 0; column < names_.size(); ++column) {
      const std::string& name = names_[column];
      const bool id = column == 0 && (name == "id" || name == "imageid" || name == "index" ||
                                      name == "unnamed:0" || name.empty());
      layout_.has_id |= id;
      if (std::ranges::find(kLabelNames, name) == kLabelNames.end()) {
        if (!id) pixels.push_back(name);
        continue;
      }
      const bool first = column == (layout_.has_id ? 1U : 0U);
      if (layout_.labelled() || !(first || column + 1 == names_.size()))
        throw bad("line 1, column {}: expected one label column, the first or the last, found {}",
                  column + 1, layout_.labelled() ? "a second one" : "one in between");
      layout_.label_column = column;
    }
    if (!set_named_places(pixels) && !set_square(pixels.size()))
      throw bad("line 1: expected a square number of pixel columns (or 1x1 ... HxW){}, found {}",
                layout_.labelled() ? "" : " and a label column named label or class",
                pixels.size());
    if (layout_.places.empty()) set_numbered_places(pixels);
  }

  // Size and places from names such as "1x1", with rows and columns from 0 or 1.
  bool set_named_places(const std::vector<std::string>& pixels) {
    std::vector<std::pair<std::int64_t, std::int64_t>> places;
    std::pair<std::int64_t, std::int64_t> low{1, 1};
    std::pair<std::int64_t, std::int64_t> high{0, 0};
    for (const std::string& name : pixels) {
      const auto place = parse_place(name);
      if (!place || place->first > kMaxImageSide || place->second > kMaxImageSide) return false;
      places.push_back(*place);
      low = {std::min(low.first, place->first), std::min(low.second, place->second)};
      high = {std::max(high.first, place->first), std::max(high.second, place->second)};
    }
    const std::int64_t height = high.first - low.first + 1;
    const std::int64_t width = high.second - low.second + 1;
    if (pixels.empty() || static_cast<std::size_t>(height * width) != pixels.size()) return false;
    std::vector<std::size_t> order;
    for (const auto& [row, column] : places)
      order.push_back(static_cast<std::size_t>((row - low.first) * width + column - low.second));
    if (!set_order(std::move(order))) return false;
    layout_.height = height;
    layout_.width = width;
    return true;
  }

  // Places from names such as "pixel0", if they are numbered one by one.
  void set_numbered_places(const std::vector<std::string>& pixels) {
    std::vector<std::size_t> order;
    std::size_t least = SIZE_MAX;
    for (const std::string& name : pixels) {
      const std::size_t digits = name.find_last_not_of("0123456789") + 1;
      const auto number = parse_index(std::string_view(name).substr(digits));
      if (!number) return;
      order.push_back(static_cast<std::size_t>(*number));
      least = std::min(least, order.back());
    }
    for (std::size_t& place : order) place -= least;
    set_order(std::move(order));
  }

  // Returns false unless `order` has each place once.
  bool set_order(std::vector<std::size_t> order) {
    std::vector<bool> taken(order.size());
    for (const std::size_t place : order) {
      if (place >= order.size() || taken[place]) return false;
      taken[place] = true;
    }
    if (!std::ranges::is_sorted(order)) layout_.places = std::move(order);
    return true;
  }

  void read_rows(std::string_view text) {
    if (set_square(layout_.num_columns)) return;
    if (!set_square(layout_.num_columns - 1))
      throw bad("line 1: expected a label and a square number of pixels per row, found {} columns",
                layout_.num_columns);
    Column first;
    Column last;
    Lines lines(text);
    std::string_view line;
    if (layout_.has_heading) lines.next(line);
    for (std::int64_t row = 0; row < kRowsToJudge && lines.next(line); ++row) {
      bool more = false;
      const std::string_view end = trimmed(line);
      std::string_view tail = end.substr(end.rfind(layout_.separator) + 1);
      first.add(take_cell(line, layout_.separator, more));
      last.add(take_cell(tail, layout_.separator, more));
    }
    layout_.label_column = choose(first, last) ? 0 : layout_.num_columns - 1;
  }

  // Whether the first column is the label, not the last.
  bool choose(const Column& first, const Column& last) const {
    if (last.constant() || !last.whole) return true;
    if (first.constant() || !first.whole) return false;
    if (first.counts() != last.counts()) return first.counts();
    throw bad(
        "expected a heading, because the label can be the first column ({}) or the last ({}); add "
        "a first line such as label,pixel0,pixel1,...",
        first.describe(), last.describe());
  }

  bool set_square(std::size_t pixels) {
    const auto side =
        static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(pixels))));
    if (side < 1 || static_cast<std::size_t>(side * side) != pixels) return false;
    layout_.height = layout_.width = side;
    return true;
  }

  const std::string& name_;
  std::vector<std::string> names_;
  CsvLayout layout_;
};

}  // namespace

std::string_view take_cell(std::string_view& rest, char separator, bool& more) {
  while (!rest.empty() && is_space(rest.front()) && rest.front() != separator)
    rest.remove_prefix(1);
  std::size_t end = 0;
  std::string_view cell;
  if (rest.starts_with('"') && rest.find('"', 1) != std::string_view::npos) {
    const std::size_t mark = rest.find('"', 1);
    cell = rest.substr(1, mark - 1);
    end = std::min(rest.find(separator, mark), rest.size());
    // Something between the mark and the separator: not a quoted cell.
    if (!trimmed(rest.substr(mark + 1, end - mark - 1)).empty()) cell = rest.substr(0, end);
  } else {
    end = std::min(rest.find(separator), rest.size());
    cell = rest.substr(0, end);
  }
  more = end < rest.size();
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (separator == ' ') {  // Runs of spaces are one separator; those at the end are none.
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    more = !rest.empty();
  }
  return trimmed(cell);
}

std::optional<double> parse_cell(std::string_view cell) {
  const auto first = cell.empty()                             ? '\0'
                     : cell.front() == '-' && cell.size() > 1 ? cell[1]
                                                              : cell.front();
  if (std::isdigit(static_cast<unsigned char>(first)) == 0 && first != '.') return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

CsvLayout find_csv_layout(const std::string& name, std::string_view text) {
  return LayoutReader(name, text).take();
}

}  // namespace digitry
