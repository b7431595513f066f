#include "digitry/fetch/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/log.h"
#include "digitry/base/sha256.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 18;
constexpr auto kLockPoll = std::chrono::milliseconds(100);
constexpr std::string_view kScratch = "work.tmp.";
constexpr std::size_t kScratchSuffixLength = 6;  // of ScratchFolder

}  // namespace

DataFolder::DataFolder(fs::path folder, const KnownDataset& dataset, const ProgressSink& progress)
    : folder_(std::move(folder)) {
  make_folder(folder_);
  const fs::path file = folder_ / ".lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0)
    throw Error(ErrorCode::kIo, "cannot create {}: {}", file.string(), std::strerror(errno));
  try {
    wait_for_lock(progress);
    remove_leftovers_of(dataset);
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

DataFolder::~DataFolder() { ::close(lock_); }

void DataFolder::wait_for_lock(const ProgressSink& progress) const {
  for (bool told = false; ::flock(lock_, LOCK_EX | LOCK_NB) != 0;) {
    // File systems without locks work, too: files are renamed into place when complete.
    if (errno != EWOULDBLOCK && errno != EINTR) return;
    if (!told)
      log(LogLevel::kInfo, fmt::format("waiting for another fetch into {}", folder_.string()));
    told = true;
    if (progress) progress("waiting", 0, 0);
    std::this_thread::sleep_for(kLockPoll);
  }
}

void DataFolder::remove_leftovers_of(const KnownDataset& dataset) const {
  for (const KnownFile& file : dataset.files) remove_leftovers(folder_ / file.name);
  for (const fs::path& path : list_folder(folder_)) {
    const std::string name = path.filename().string();
    std::error_code ignored;  // A temporary file that cannot be removed is harmless.
    if (name.starts_with(kScratch) && name.size() == kScratch.size() + kScratchSuffixLength)
      fs::remove_all(path, ignored);
  }
}

void DataFolder::install(const KnownFile& file, ByteStream& content,
                         const ProgressSink& progress) const {
  AtomicFile out(folder_ / file.name);
  Sha256 hash;
  std::vector<std::byte> chunk(kChunk);
  std::uint64_t length = 0;
  for (;;) {
    const std::size_t count = content.read(chunk);
    length += count;
    if (length > file.num_bytes)
      throw Error(ErrorCode::kBadData, "{}: expected {} bytes ({}), got more", content.name(),
                  file.num_bytes, file.name);
    const auto part = std::span(chunk).first(count);
    hash.update(part);
    out.write(std::span<const std::byte>(part));
    if (progress) progress(fmt::format("writing {}", file.name), length, file.num_bytes);
    if (count < chunk.size()) break;
  }
  if (length != file.num_bytes)
    throw Error(ErrorCode::kBadData, "{}: expected {} bytes ({}), got {}", content.name(),
                file.num_bytes, file.name, length);
  if (const std::string found = hash.finish(); found != file.sha256)
    throw Error(ErrorCode::kBadData, "{}: expected SHA-256 {} ({}), got {}", content.name(),
                file.sha256, file.name, found);
  out.commit();
}

ScratchFolder DataFolder::make_scratch_folder() const { return ScratchFolder(folder_ / kScratch); }

bool is_verified(const fs::path& folder, const KnownFile& file) {
  const fs::path path = folder / file.name;
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) != file.num_bytes)
    return false;
  const auto stream = open_raw_stream(path);
  Sha256 hash;
  std::vector<std::byte> chunk(kChunk);
  for (std::size_t count = chunk.size(); count == chunk.size();) {
    count = stream->read(chunk);
    hash.update(std::span(chunk).first(count));
  }
  return hash.finish() == file.sha256;
}

}  // namespace digitry
