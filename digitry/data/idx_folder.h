#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "digitry/data/dataset.h"

namespace digitry {

/// The two files of one split, where they are.
struct IdxFiles {
  std::optional<std::filesystem::path> images;
  std::optional<std::filesystem::path> labels;
};

/// Finds a file in `folder` under any of the names that MNIST's files go by: `name` as the original
/// spells it (`train-images-idx3-ubyte`), with `.idx3` for `-idx3`, with or without `.gz`.
std::optional<std::filesystem::path> find_idx_file(const std::filesystem::path& folder,
                                                   std::string_view name);

/// Finds the files of a split: `train-*`, or `t10k-*` or `test-*`, of 3 or 4 dimensions.
IdxFiles find_idx_files(const std::filesystem::path& folder, Split split);

/// The label file that belongs to an image file: its neighbour of the same name but for `images`
/// and `idx3`. Nothing where there is none.
std::optional<std::filesystem::path> find_labels_of(const std::filesystem::path& images);

}  // namespace digitry
