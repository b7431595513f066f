#include "bench/vision/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "digitry/base/file.h"
#include "digitry/image/png.h"

namespace digitry::bench {

void report_lost(const std::string& name, const Image& picture, const std::string& what) {
  const char* folder = std::getenv("DIGITRY_READING_LOST");
  if (folder == nullptr) return;
  fmt::print("  {}: {}\n", name, what);
  if (is_folder(folder))
    write_file_atomically(std::filesystem::path(folder) / (name + ".png"), encode_png(picture));
}

double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

std::string best_text(const Reading& reading) {
  std::string text;
  for (std::size_t i = 0; i < reading.digits.size(); ++i) {
    if (i > 0 && reading.digits[i].line != reading.digits[i - 1].line) text += '\n';
    text += std::to_string(reading.digits[i].label());
  }
  return text;
}

std::string accepted_text(const Reading& reading) {
  std::string text;
  for (std::size_t i = 0; i < reading.digits.size(); ++i) {
    const ReadDigit& digit = reading.digits[i];
    if (i > 0 && digit.line != reading.digits[i - 1].line) text += '\n';
    text += digit.prediction.rejected ? "?" : std::to_string(digit.label());
  }
  return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace digitry::bench
