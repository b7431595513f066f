#include "digitry/data/csv_folder.h"

#include <string>

#include "digitry/base/file.h"

namespace digitry {
namespace fs = std::filesystem;

std::optional<fs::path> find_csv_file(const fs::path& folder, Split split) {
  for (const char* ending : {".csv", ".csv.gz"})
    if (fs::path file = folder / (std::string(to_string(split)) + ending); path_exists(file))
      return file;
  return std::nullopt;
}

}  // namespace digitry
