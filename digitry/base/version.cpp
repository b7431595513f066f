#include "digitry/base/version.h"

#include <fmt/format.h>

namespace digitry {

std::string_view version() { return DIGITRY_VERSION; }

BuildInfo build_info() {
  BuildInfo info;
#if defined(__clang__)
  info.compiler =
      fmt::format("Clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#elif defined(__GNUC__)
  info.compiler = fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
  info.compiler = "unknown";
#endif
  info.build_type = DIGITRY_BUILD_TYPE;
  info.sanitizers = DIGITRY_SANITIZERS;
  return info;
}

}  // namespace digitry
