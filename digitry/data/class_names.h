#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace digitry {

/// "0", "1", ..., for labels without names.
std::vector<std::string> numbered_names(std::int64_t count);

/// The largest label plus 1; 0 without labels.
std::int64_t count_classes(std::span<const std::int32_t> labels);

/// The names in class_names.txt, or none if the folder has no such file. The number of the line is
/// the label, so that blank lines are errors. Throws Error{kBadData} for these, a name that stands
/// there twice, or too many.
std::vector<std::string> read_class_names(const std::filesystem::path& folder);

}  // namespace digitry
