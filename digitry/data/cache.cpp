#include "digitry/data/cache.h"

#include <cstdlib>
#include <string_view>

#include "digitry/base/error.h"

namespace digitry {
namespace {
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}
}  // namespace

std::filesystem::path cache_folder() {
  if (const auto folder = environment("DIGITRY_DATA_DIR"); !folder.empty()) return folder;
  if (const std::filesystem::path cache = environment("XDG_CACHE_HOME"); cache.is_absolute())
    return cache / "digitry";
  if (const std::filesystem::path home = environment("HOME"); home.is_absolute())
    return home / ".cache" / "digitry";
  throw Error(ErrorCode::kUnavailable,
              "no folder to keep data sets in: HOME is not set; set DIGITRY_DATA_DIR=FOLDER");
}

}  // namespace digitry
