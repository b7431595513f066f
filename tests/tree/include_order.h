#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace digitry::test {

/// Whether files of `digitry/<folder>/` may include files of `digitry/<included>/`. ARCHITECTURE.md
/// explains the table, which is in include_order.cpp.
bool may_include(std::string_view folder, std::string_view included);

/// The errors in the includes of one file of the library, one line each.
/// `path` is relative to the tree: "digitry/nn/layers/dense.h".
std::vector<std::string> check_includes(const std::string& path, const std::string& text);

/// The lines of one file of the library that print, exit or abort, which the library must not do.
std::vector<std::string> check_silence(const std::string& path, const std::string& text);

/// The C++ files under `root`/`folder`, sorted, relative to `root`.
std::vector<std::string> source_files(const std::filesystem::path& root, const std::string& folder);

}  // namespace digitry::test
