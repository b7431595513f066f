#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digitry::serving {

/// A training or a search, and the page that tells of it.
struct RunReport {
  std::string name;                ///< Of its folder.
  std::string file;                ///< "report.html" of a training, "tune.html" of a search.
  std::optional<double> accuracy;  ///< In [0, 1]; of several seeds their mean.
  std::string modified;            ///< When the page was written: "2026-11-23T15:04:05Z".
};

/// The runs in a folder, as they are at the moment of the question.
class RunReports {
 public:
  explicit RunReports(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Those with a page, the newest first. Throws Error{kIo} where the folder cannot be read.
  std::vector<RunReport> list() const;
  /// The page of a run; nothing where no folder of that name is in the folder, or it has no such
  /// page. Throws what `read_file` throws.
  std::optional<std::string> read(std::string_view name, std::string_view file) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace digitry::serving
