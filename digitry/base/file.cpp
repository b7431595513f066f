#include "digitry/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include "digitry/base/error.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kFileChunk = std::size_t{1} << 20;
constexpr int kMaxAttempts = 100;         // to find an unused temporary name
constexpr std::size_t kSuffixLength = 8;  // hexadecimal digits after kTemporary
constexpr std::string_view kTemporary = ".tmp.";
constexpr mode_t kPlainFileMode = 0666;  // the system subtracts the user's umask

std::size_t read_some(int fd, char* to, std::size_t count, const fs::path& path) {
  for (;;) {
    const ssize_t n = ::read(fd, to, count);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) throw Error(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(errno));
  }
}

// Makes a rename durable: the entry in the folder has to reach the disk too.
void sync_folder_of(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) ::fsync(fd.get());
}

fs::file_status status_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  // A path that leads through a file does not exist. Standard libraries differ on whether that is
  // an error.
  if (error == std::errc::not_a_directory) return fs::file_status(fs::file_type::not_found);
  if (status.type() == fs::file_type::none)
    throw Error(ErrorCode::kIo, "{}: {}", path.string(), error.message());
  return status;
}

}  // namespace

std::string read_file(const fs::path& path, std::uint64_t max_bytes) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kBadData : ErrorCode::kIo;
    throw Error(code, "{}: {}", path.string(), std::strerror(errno));
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0)
    throw Error(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(errno));
  if (S_ISDIR(info.st_mode))
    throw Error(ErrorCode::kBadData, "{}: expected a file, found a folder", path.string());

  const auto too_long = [&](std::uint64_t size) {
    return Error(ErrorCode::kBadData, "{}: expected at most {} bytes, found {}{}", path.string(),
                 max_bytes, S_ISREG(info.st_mode) ? "" : "at least ", size);
  };
  if (S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) > max_bytes)
    throw too_long(static_cast<std::uint64_t>(info.st_size));

  // The size is only a hint: files in /proc report 0, and a file may grow while it is read.
  std::string bytes(static_cast<std::size_t>(std::max<off_t>(info.st_size, 0)), '\0');
  std::size_t filled = 0;
  for (;;) {
    if (filled == bytes.size()) {
      char probe = 0;
      if (read_some(fd.get(), &probe, 1, path) == 0) break;
      bytes.resize(filled + kFileChunk);
      bytes[filled++] = probe;
    }
    const std::size_t n = read_some(fd.get(), bytes.data() + filled, bytes.size() - filled, path);
    filled += n;
    if (filled > max_bytes) throw too_long(filled);
    if (n == 0) break;
  }
  bytes.resize(filled);
  return bytes;
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  // Not mkostemp, whose files are private: only umask() reports the mode that open() would give,
  // and calling it changes the mask of other threads.
  std::random_device random;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    temporary_ = fmt::format("{}{}{:0{}x}", path_.string(), kTemporary, random(), kSuffixLength);
    descriptor_ = Descriptor(
        ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPlainFileMode));
    if (descriptor_.get() >= 0) return;
    if (errno != EEXIST) break;
  }
  temporary_.clear();
  fail("create");
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void AtomicFile::commit() {
  if (::fsync(descriptor_.get()) != 0) fail("sync");
  if (descriptor_.close() != 0) fail("close");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("rename to");
  temporary_.clear();
  sync_folder_of(path_);
}

void AtomicFile::fail(std::string_view doing) const {
  throw Error(ErrorCode::kIo, "cannot {} {}: {}", doing, path_.string(), std::strerror(errno));
}

void remove_leftovers(const fs::path& path) {
  const std::string prefix = path.filename().string() + std::string(kTemporary);
  const auto is_leftover = [&](const std::string& name) {
    return name.size() == prefix.size() + kSuffixLength && name.starts_with(prefix) &&
           name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
  };
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (is_leftover(it->path().filename().string())) ::unlink(it->path().c_str());
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    throw Error(ErrorCode::kIo, "cannot create folder {}: {}", path.string(), error.message());
}

void remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    throw Error(ErrorCode::kIo, "cannot remove {}: {}", path.string(), std::strerror(errno));
}

bool path_exists(const fs::path& path) { return fs::exists(status_of(path)); }

bool is_folder(const fs::path& path) { return fs::is_directory(status_of(path)); }

std::vector<fs::path> list_folder(const fs::path& path) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
    entries.push_back(it->path());
  if (error) throw Error(ErrorCode::kIo, "{}: {}", path.string(), error.message());
  std::ranges::sort(entries);
  return entries;
}

ScratchFolder::ScratchFolder(const std::filesystem::path& prefix) {
  std::string name = prefix.string() + "XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw Error(ErrorCode::kIo, "cannot create folder {}: {}", name, std::strerror(errno));
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // a destructor cannot report it
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace digitry
