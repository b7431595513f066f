#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "digitry/corruption/corruption.h"
#include "digitry/data/dataset.h"

namespace digitry::app {

/// "all", or names with commas between: "fog,stripe". Each once, in that order.
/// Throws Error{kInvalidArgument} for other text, naming the corruptions that there are.
std::vector<Corruption> parse_corruptions(const std::string& text);

/// --corrupt NAMES: which corruptions, for `parse_corruptions`; "all" where no name follows.
CLI::Option* add_corrupt_option(CLI::App& command, std::optional<std::string>& names,
                                const std::string& help);

/// Images, each with what corruptions make of it.
struct CorruptionPreview {
  std::vector<std::int64_t> image_indices;
  /// uint8 [K·per_row, C, H, W]: for each image itself, then it under each corruption.
  Tensor images;
  std::int64_t per_row = 1;
};

/// Shows `num_images` images of `data`, of each class in turn.
CorruptionPreview make_corruption_preview(const Dataset& data, std::int64_t num_images,
                                          const std::vector<Corruption>& corruptions,
                                          std::uint64_t seed);

struct DataCorruptArguments {
  std::string path = "mnist";
  std::optional<std::string> corrupt;  ///< Names; all, if none are given.
  std::string split = "test";          ///< "train" or "test".
  std::int64_t seed = 0;
  std::int64_t num_images = 1;
  bool show = false;
  std::string sheet;  ///< A PNG file, or empty.
  std::string out;    ///< A folder, or empty.
};

/// Shows images beside corrupted versions of them: `digitry data corrupt`. In the terminal with
/// `show` or where nothing else is asked for, as a picture in the file `sheet`; and writes the
/// whole split corrupted, as IDX files in a folder for each corruption, below `out`.
void show_data_corrupt(const DataCorruptArguments& arguments);

}  // namespace digitry::app
