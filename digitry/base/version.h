#pragma once

#include <string>
#include <string_view>

namespace digitry {

/// The library's version, e.g. "0.1.0".
std::string_view version();

/// How this build of the library was compiled.
struct BuildInfo {
  std::string compiler;    ///< "GCC 12.2.0"
  std::string build_type;  ///< "Release"; "none" if CMake was given none.
  std::string sanitizers;  ///< "address,undefined", or empty.
};

/// The build of the library that this process uses.
BuildInfo build_info();

}  // namespace digitry
