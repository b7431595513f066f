#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digitry::serving {

/// The report of a training or of a search.
struct RunReport {
  std::string name;                ///< Name of the run's folder.
  std::string file;                ///< "report.html" (training) or "tune.html" (search).
  std::optional<double> accuracy;  ///< In [0, 1]; the mean if there are several seeds.
  std::string modified;            ///< When the report was written: "2026-11-23T15:04:05Z".
};

/// The runs in a folder. Each call reads the folder again.
class RunReports {
 public:
  explicit RunReports(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The runs with a report, newest first. Throws Error{kIo} if the folder cannot be read.
  std::vector<RunReport> list() const;
  /// The report of a run; nothing if there is no such run or `file` is not one of its reports.
  /// Throws as `read_file` does.
  std::optional<std::string> read(std::string_view name, std::string_view file) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace digitry::serving
