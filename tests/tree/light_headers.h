#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace digitry::test {

/// The headers of other libraries ("fmt/format.h") that including `header`
/// ("digitry/nn/layers/dense.h") brings in, directly or through headers of the tree below `root`.
std::set<std::string> foreign_headers(const std::filesystem::path& root, const std::string& header);

/// The headers of Digitry that `header` includes, directly or not, itself among them.
std::set<std::string> included_headers(const std::filesystem::path& root,
                                       const std::string& header);

}  // namespace digitry::test
