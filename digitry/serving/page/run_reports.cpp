#include "digitry/serving/page/run_reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <system_error>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/text.h"

namespace digitry::serving {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 2> kPages = {"report.html", "tune.html"};
constexpr std::uint64_t kMaxPageBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxMetricsBytes = std::uint64_t{16} << 20;

// The accuracy in metrics.json, of one training or the mean of several seeds; nothing if missing.
std::optional<double> accuracy_in(const fs::path& run) try {
  const auto metrics = nlohmann::json::parse(read_file(run / "metrics.json", kMaxMetricsBytes));
  const auto number = [&](const char* pointer) -> std::optional<double> {
    const nlohmann::json::json_pointer where(pointer);
    if (!metrics.contains(where) || !metrics.at(where).is_number()) return std::nullopt;
    return metrics.at(where).get<double>();
  };
  const std::optional<double> accuracy = number("/evaluation/accuracy");
  return accuracy ? accuracy : number("/accuracy/mean");
} catch (const std::exception&) {
  return std::nullopt;
}

std::string written_at(const fs::path& file) {
  std::error_code error;
  const fs::file_time_type time = fs::last_write_time(file, error);
  if (error) return "";
  const auto seconds =
      std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::file_clock::to_sys(time));
  return utc_text(std::chrono::system_clock::to_time_t(seconds)) + "Z";
}

}  // namespace

std::vector<RunReport> RunReports::list() const {
  std::vector<RunReport> runs;
  for (const fs::path& run : list_folder(folder_)) {
    for (const std::string_view page : kPages)
      if (is_folder(run) && path_exists(run / page))
        runs.push_back({.name = run.filename().string(),
                        .file = std::string(page),
                        .accuracy = accuracy_in(run),
                        .modified = written_at(run / page)});
  }
  std::ranges::stable_sort(runs, std::ranges::greater{}, &RunReport::modified);
  return runs;
}

std::optional<std::string> RunReports::read(std::string_view name, std::string_view file) const {
  if (std::ranges::find(kPages, file) == kPages.end()) return std::nullopt;
  // Compares with the listing of the folder, so that no name leads out of it.
  for (const fs::path& run : list_folder(folder_))
    if (run.filename().string() == name && is_folder(run) && path_exists(run / file))
      return read_file(run / file, kMaxPageBytes);
  return std::nullopt;
}

}  // namespace digitry::serving
