#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// Images that came as files.
struct ImageFiles {
  Tensor images;                         ///< uint8 [N,1,H,W].
  std::vector<std::int32_t> labels;      ///< N, or none for files without classes.
  std::vector<std::string> class_names;  ///< The names of the class folders.
  std::vector<std::string> files;        ///< N paths.
};

/// Whether a folder holds PNG files directly. Like all of these, throws Error{kIo} where the folder
/// cannot be read.
bool holds_png_files(const std::filesystem::path& folder);

/// The names of the folders in `root`, sorted by bytes; hidden ones are left out, and so are
/// runs (folders with a config.toml) and a folder `runs` of them, which training there has made.
/// Throws Error{kBadData} for more than `kMaxClasses`.
std::vector<std::string> list_classes(const std::filesystem::path& root);

/// Reads `root/<class>/*.png`, all of one size, files sorted by bytes within a class. Labels are
/// places in `class_names`; a folder that is not in it is an error, a class without a folder is
/// not. Throws Error{kBadData} naming the file, the rule and what was found.
ImageFiles read_image_folder(const std::filesystem::path& root,
                             std::vector<std::string> class_names);

/// Reads `folder/*.png` without labels. Throws Error{kBadData} where there is none.
ImageFiles read_unlabelled_images(const std::filesystem::path& folder);

}  // namespace digitry
