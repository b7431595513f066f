#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace digitry::app {

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
