#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace digitry::test {

/// Whether files of `digitry/<folder>/` may include files of `digitry/<included>/`. The table in
/// include_order.cpp is the one that ARCHITECTURE.md explains.
bool may_include(std::string_view folder, std::string_view included);

/// What is wrong with the includes of one file of the library; one line each, empty if nothing.
/// `path` is relative to the tree: "digitry/nn/layers/dense.h".
std::vector<std::string> check_includes(const std::string& path, const std::string& text);

/// Where one file of the library prints, exits or aborts, which the library leaves to its users.
std::vector<std::string> check_silence(const std::string& path, const std::string& text);

/// The C++ files under `root`/`folder`, sorted, relative to `root`.
std::vector<std::string> source_files(const std::filesystem::path& root, const std::string& folder);

}  // namespace digitry::test
