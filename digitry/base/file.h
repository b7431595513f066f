#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace digitry {

/// The whole of a file. Pipes and devices are read to their end.
/// Throws Error{kBadData} where the file is missing, a folder, or longer than `max_bytes`, before
/// allocating for it; Error{kIo} where the system cannot read it.
std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes);

/// Replaces `path` by `bytes`, all or nothing: written to a temporary name in the same folder,
/// synced, renamed. A reader sees the old file or the new one, also after a crash or kill -9.
/// Throws Error{kIo} (disk full, read-only folder...), leaving the old file and no temporary one.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// The same for a large file written in pieces. Nothing appears under `path` until `commit`;
/// destruction without `commit` removes what was written.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  [[noreturn]] void fail(std::string_view doing) const;

  std::filesystem::path path_;
  std::string temporary_;
  int descriptor_ = -1;
};

/// Creates a folder and its parents. Throws Error{kIo} saying which one could not be made.
void make_folder(const std::filesystem::path& path);

}  // namespace digitry
