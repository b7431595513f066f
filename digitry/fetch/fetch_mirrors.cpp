#include <fmt/format.h>

#include <set>

#include "digitry/base/error.h"
#include "digitry/data/byte_stream.h"
#include "digitry/fetch/data_folder.h"
#include "digitry/fetch/download.h"

namespace digitry {
namespace {

using Status = DownloadResult::Status;

// A packed file may be a little longer than the raw one, never much.
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
      if (result.status == Status::kNotFound) {  // perhaps it is there unpacked
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

}  // namespace digitry
