#pragma once

#include <string>
#include <string_view>

namespace digitry {

/// The library's version, e.g. "0.1.0".
std::string_view version();

/// How this copy of the library was built.
struct BuildInfo {
  std::string compiler;    ///< "GCC 12.2.0"
  std::string build_type;  ///< "Release"; "none" where CMake was given none.
  std::string sanitizers;  ///< "address,undefined", or empty.
};

/// Of this process's library; what the compiler said of itself when it was built.
BuildInfo build_info();

}  // namespace digitry
