#pragma once

#include <filesystem>
#include <optional>

#include "digitry/data/dataset.h"

namespace digitry {

/// `train.csv` or `test.csv` (or .csv.gz) of a folder in Kaggle's layout, where it is there.
/// Throws Error{kIo} where the folder cannot be looked into.
std::optional<std::filesystem::path> find_csv_file(const std::filesystem::path& folder,
                                                   Split split);

}  // namespace digitry
