#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace digitry {

/// One file of a known data set, uncompressed.
struct KnownFile {
  std::string_view name;    ///< Its name in the cache and, with ".gz", on the mirrors.
  std::string_view sha256;  ///< Hash of the uncompressed bytes, lower-case hexadecimal.
  std::uint64_t num_bytes;
};

/// A data set that has a name in Digitry, and its sources.
struct KnownDataset {
  std::string_view name;
  std::array<KnownFile, 4> files;
  std::vector<std::string_view> class_names;
  std::vector<std::string_view> mirrors;  ///< URLs of folders, in the order in which to try them.
  std::string_view npm_package;           ///< NAME@VERSION, with `data/<file>`; empty for none.
  std::string_view system_folder;   ///< Folder of a Debian package of the data; empty for none.
  std::string_view system_package;  ///< The name of that package.
};

/// MNIST and Fashion-MNIST.
std::span<const KnownDataset> known_datasets();

/// The data set of that name, or null.
const KnownDataset* find_known_dataset(std::string_view name);

/// The folder of fetched data sets: $DIGITRY_DATA_DIR, else $XDG_CACHE_HOME/digitry, else
/// ~/.cache/digitry. A relative $XDG_CACHE_HOME is ignored, as the XDG base directory specification
/// requires. Does not create the folder. Throws Error{kUnavailable} if none of the variables is
/// set.
std::filesystem::path cache_folder();

/// The folder into which Keras fetches data sets: $KERAS_HOME/datasets, else ~/.keras/datasets.
/// Empty if neither variable is set.
std::filesystem::path keras_folder();

}  // namespace digitry
