#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace digitry {

/// The whole of a file. Pipes and devices are read to their end.
/// Throws Error{kBadData} where the file is missing, a folder, or longer than `max_bytes`, before
/// allocating for it; Error{kIo} where the system cannot read it.
std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes);

/// Replaces `path` by `bytes`, all or nothing: written to a temporary name in the same folder,
/// synced, renamed. A reader sees the old file or the new one, also after a crash or kill -9.
/// Throws Error{kIo} (disk full, read-only folder...), leaving the old file and no temporary one.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Owns a file descriptor of the system; -1 for none.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return value_; }

  /// 0, or -1 with errno set, as close(2). Idempotent.
  int close() { return value_ < 0 ? 0 : ::close(std::exchange(value_, -1)); }

 private:
  int value_;
};

/// Writes a large file in pieces, all or nothing as `write_file_atomically`. Nothing appears under
/// `path` until `commit`; destruction without `commit` removes what was written.
class AtomicFile {
 public:
  /// Creates the temporary file beside `path`, which `commit` replaces. Throws Error{kIo} where the
  /// folder is missing or cannot be written.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends all of `bytes`. Throws Error{kIo}, e.g. where the disk is full.
  void write(std::string_view bytes);
  void write(std::span<const std::byte> bytes);

  /// Syncs and renames; nothing may be written afterwards. Throws Error{kIo}, leaving what was
  /// under `path` before.
  void commit();

 private:
  [[noreturn]] void fail(std::string_view doing) const;

  std::filesystem::path path_;
  std::string temporary_;
  Descriptor descriptor_;
};

/// Removes the temporary files of an AtomicFile of `path` whose process was killed; nobody else may
/// be writing `path`. Leftovers do no harm, so that those that cannot be removed are left.
void remove_leftovers(const std::filesystem::path& path);

/// Creates a folder and its parents. Throws Error{kIo} saying which one could not be made.
void make_folder(const std::filesystem::path& path);

/// Whether there is anything under `path`, and whether it is a folder; links are followed. Throw
/// Error{kIo} where the system cannot tell: no right to look, a name that is too long...
bool path_exists(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

/// Removes a file, if it is there. Throws Error{kIo}.
void remove_file(const std::filesystem::path& path);

/// The paths of what is in a folder, sorted. Throws Error{kIo} where it cannot be read.
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& path);

/// A new, empty folder, removed with all that is in it at the end of its scope.
class ScratchFolder {
 public:
  /// Makes `<prefix>XXXXXX`, with six characters that make the name a new one. Throws Error{kIo}.
  explicit ScratchFolder(const std::filesystem::path& prefix);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace digitry
