#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "digitry/corruption/corruption.h"
#include "digitry/data/dataset.h"

namespace digitry::app {

/// Parses "all" or names separated by commas ("fog,stripe"). Removes duplicates and keeps the
/// order. Throws Error{kInvalidArgument} if a name is unknown; the message lists all names.
std::vector<Corruption> parse_corruptions(const std::string& text);

/// Adds --corrupt NAMES, for `parse_corruptions`; "all" if no name follows.
CLI::Option* add_corrupt_option(CLI::App& command, std::optional<std::string>& names,
                                const std::string& help);

/// Images with their corrupted versions.
struct CorruptionPreview {
  std::vector<std::int64_t> image_indices;
  /// uint8 [K·per_row, C, H, W]: per image the original, then one version per corruption.
  Tensor images;
  std::int64_t per_row = 1;
};

/// Corrupts `num_images` images of `data`, chosen from each class in turn.
CorruptionPreview make_corruption_preview(const Dataset& data, std::int64_t num_images,
                                          const std::vector<Corruption>& corruptions,
                                          std::uint64_t seed);

struct DataCorruptArguments {
  std::string path = "mnist";
  std::optional<std::string> corrupt;  ///< Names; all corruptions if not given.
  std::string split = "test";          ///< "train" or "test".
  std::int64_t seed = 0;
  std::int64_t num_images = 1;
  bool show = false;
  std::string sheet;  ///< A PNG file, or empty.
  std::string out;    ///< A folder, or empty.
};

/// Shows images beside their corrupted versions: `digitry data corrupt`. Draws in the terminal
/// (with `show`, or without `sheet` and `out`) and writes the picture `sheet`. With `out`, writes
/// the whole corrupted split as IDX files, one folder per corruption.
void show_data_corrupt(const DataCorruptArguments& arguments);

}  // namespace digitry::app
