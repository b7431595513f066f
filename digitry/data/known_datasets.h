#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace digitry {

/// One file of a data set that Digitry knows by name, in its raw (inflated) form.
struct KnownFile {
  std::string_view name;    ///< As it is called in the cache and, with ".gz", on the mirrors.
  std::string_view sha256;  ///< Of the raw bytes, lower-case hex.
  std::uint64_t num_bytes;
};

/// A data set that Digitry knows by name, and where it may be had.
struct KnownDataset {
  std::string_view name;
  std::array<KnownFile, 4> files;
  std::vector<std::string_view> class_names;
  std::vector<std::string_view> mirrors;  ///< URLs of folders, in the order to be tried.
  std::string_view npm_package;           ///< NAME@VERSION, with `data/<file>`; empty for none.
  std::string_view system_folder;   ///< Where a package of the system puts it; empty for none.
  std::string_view system_package;  ///< The name of that package.
};

/// MNIST and Fashion-MNIST.
std::span<const KnownDataset> known_datasets();

/// The one called `name`, or null.
const KnownDataset* find_known_dataset(std::string_view name);

/// The folder in which fetched data sets are kept: $DIGITRY_DATA_DIR, else $XDG_CACHE_HOME/digitry,
/// else ~/.cache/digitry. As the XDG base directory specification has it, a relative
/// $XDG_CACHE_HOME is ignored. Does not create it.
/// Throws Error{kUnavailable} where none of the three is set.
std::filesystem::path cache_folder();

}  // namespace digitry
