#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/tensor/tensor.h"

// Folders of image files: PNG, and whatever the decoder of image/decoder.h decodes. All functions
// throw Error{kIo} if a folder or file cannot be read.

namespace digitry {

/// Images read from one file each.
struct ImageFiles {
  Tensor images;                         ///< uint8 [N,C,H,W].
  std::vector<std::int32_t> labels;      ///< N, or empty for files without classes.
  std::vector<std::string> class_names;  ///< The names of the class folders.
  std::vector<std::string> files;        ///< N paths.
  std::vector<std::string> notes;        ///< See Dataset::notes.
};

/// Whether a file is named like an image: .png, .jpg, .jpeg, .bmp, .tif, .tiff or .webp.
bool is_image_name(const std::filesystem::path& path);

/// Whether a folder directly contains image files.
bool holds_images(const std::filesystem::path& folder);

/// The names of the folders in `root`, sorted by bytes. Skips hidden folders, __MACOSX, and what
/// `digitry train` leaves there: runs (folders with a config.toml) and a folder `runs` that
/// contains some. Throws Error{kBadData} if there are more than `kMaxClasses`.
std::vector<std::string> list_classes(const std::filesystem::path& root);

/// The folder of a split in `root`, by its name: train or training; validation, val, valid or dev;
/// test or testing; in capitals, too. Throws Error{kBadData} if there are several.
std::optional<std::filesystem::path> find_split_folder(const std::filesystem::path& root,
                                                       Split split);

/// Reads the image files in `root/<class>/`, sorted by bytes within a class. They become grey
/// or colour as `options.channels` says. Images are brought to `options.image_size` by `fit_image`;
/// if it is not set, they keep their size if they have one, else become 28×28. Labels are indices
/// into `class_names`, which must contain the name of every folder but may contain others. Files
/// that are left out are counted in `notes`; hidden files are not. Throws Error{kBadData} that
/// names the file, the rule and what was found.
ImageFiles read_image_folder(const std::filesystem::path& root,
                             std::vector<std::string> class_names, const LoadOptions& options = {});

/// Reads the image files in `folder` without labels, in natural order: 2 before 10. Throws
/// Error{kBadData} as `read_image_folder` does, and if there is no such file.
ImageFiles read_unlabelled_images(const std::filesystem::path& folder,
                                  const LoadOptions& options = {});

/// The classes at the starts of the names of the image files in `folder`, in natural order.
/// Throws Error{kBadData} for a name without a class.
std::vector<std::string> list_named_classes(const std::filesystem::path& folder);

/// Reads the image files in `folder`, whose names begin with their class: "5_a.png" is a 5. The
/// class ends before the first "_", "-", space or "."; `class_names` must contain all of them.
/// Throws Error{kBadData} as `read_unlabelled_images` does, and for a name without a class.
ImageFiles read_named_images(const std::filesystem::path& folder,
                             std::vector<std::string> class_names, const LoadOptions& options = {});

}  // namespace digitry
