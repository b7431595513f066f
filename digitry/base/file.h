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

/// The whole content of a file. Pipes and devices are read to their end.
/// Throws Error{kBadData} if the file is missing, is a folder, or is longer than `max_bytes`
/// (checked before memory is allocated for it); Error{kIo} if the system cannot read it.
std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes);

/// Replaces the file `path` by `bytes` atomically: writes a temporary file in the same folder,
/// syncs it and renames it. A reader sees the old file or the new one, also after a crash or kill
/// -9. Throws Error{kIo} (disk full, read-only folder, ...); then the old file is unchanged and no
/// temporary file is left.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Owns a file descriptor; -1 means none.
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

  /// Returns 0, or -1 with errno set, as close(2) does. Further calls do nothing and return 0.
  int close() { return value_ < 0 ? 0 : ::close(std::exchange(value_, -1)); }

 private:
  int value_;
};

/// Writes a large file in pieces, atomically as `write_file_atomically` does. Nothing appears under
/// `path` until `commit`; destruction without `commit` removes what was written.
class AtomicFile {
 public:
  /// Creates the temporary file in the folder of `path`. Throws Error{kIo} if the folder is missing
  /// or not writable.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends all of `bytes`. Throws Error{kIo}, e.g. if the disk is full.
  void write(std::string_view bytes);
  void write(std::span<const std::byte> bytes);

  /// Syncs the temporary file and renames it to `path`. Must be the last call. Throws Error{kIo};
  /// then an older file at `path` is unchanged.
  void commit();

 private:
  [[noreturn]] void fail(std::string_view doing) const;

  std::filesystem::path path_;
  std::string temporary_;
  Descriptor descriptor_;
};

/// Removes the temporary files that an AtomicFile of `path` left behind because its process was
/// killed. No other process may be writing `path`. Errors are ignored: such files do no harm.
void remove_leftovers(const std::filesystem::path& path);

/// Creates a folder and its parents. Throws Error{kIo} if one cannot be created.
void make_folder(const std::filesystem::path& path);

/// Whether `path` exists, and whether it is a folder. Symbolic links are followed. Both throw
/// Error{kIo} if the system cannot answer: no permission, a name that is too long, ...
bool path_exists(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

/// Removes a file if it exists. Throws Error{kIo}.
void remove_file(const std::filesystem::path& path);

/// The paths of the entries of a folder, sorted. Throws Error{kIo} if it cannot be read.
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& path);

/// A new, empty folder. The destructor removes it with everything in it.
class ScratchFolder {
 public:
  /// Creates `<prefix>XXXXXX`, where six characters make the name unique. Throws Error{kIo}.
  explicit ScratchFolder(const std::filesystem::path& prefix);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace digitry
