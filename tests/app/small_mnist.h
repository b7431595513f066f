#pragma once

#include <filesystem>
#include <string>

namespace digitry::test {

/// A new, empty folder, removed with all that is in it at the end of its life.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// The first images of the real MNIST, 3,000 to train on and 1,000 to test on, as IDX files: real
/// data, small enough for sanitizer builds. Wants MNIST in the cache (scripts/test fetches it).
const std::filesystem::path& small_mnist();

}  // namespace digitry::test
