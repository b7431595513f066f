#pragma once

#include <filesystem>

namespace digitry {

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
