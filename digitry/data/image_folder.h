#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// Images read from one file each.
struct ImageFiles {
  Tensor images;                         ///< uint8 [N,1,H,W].
  std::vector<std::int32_t> labels;      ///< N, or empty for files without classes.
  std::vector<std::string> class_names;  ///< The names of the class folders.
  std::vector<std::string> files;        ///< N paths.
};

/// Whether a folder directly contains PNG files. This and the functions below throw Error{kIo} if a
/// folder or file cannot be read.
bool holds_png_files(const std::filesystem::path& folder);

/// The names of the folders in `root`, sorted by bytes. Skips hidden folders and what `digitry
/// train` leaves there: runs (folders with a config.toml) and a folder `runs` that contains some.
/// Throws Error{kBadData} if there are more than `kMaxClasses`.
std::vector<std::string> list_classes(const std::filesystem::path& root);

/// Reads `root/<class>/*.png`, sorted by bytes within a class. All images must have the same size.
/// Labels are indices into `class_names`, which must contain the name of every folder but may
/// contain others. Throws Error{kBadData} that names the file, the rule and what was found.
ImageFiles read_image_folder(const std::filesystem::path& root,
                             std::vector<std::string> class_names);

/// Reads `folder/*.png` without labels. Throws Error{kBadData} as `read_image_folder` does, and if
/// there is no such file.
ImageFiles read_unlabelled_images(const std::filesystem::path& folder);

}  // namespace digitry
