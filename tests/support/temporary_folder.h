#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "digitry/base/file.h"

namespace digitry::test {

/// A new, empty folder. The destructor removes it with everything in it.
class TemporaryFolder : public ScratchFolder {
 public:
  TemporaryFolder() : ScratchFolder(std::filesystem::temp_directory_path() / "digitry-test-") {}

  std::filesystem::path operator/(const std::filesystem::path& name) const { return path() / name; }

  /// The names of its entries, sorted.
  std::vector<std::string> names() const { return names_in(path()); }

  static std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> found;
    for (const auto& path : list_folder(folder)) found.push_back(path.filename().string());
    return found;
  }
};

}  // namespace digitry::test
