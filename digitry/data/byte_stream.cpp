#include "digitry/data/byte_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr std::size_t kReadChunk = std::size_t{1} << 20;

class MemoryStream : public ByteStream {
 public:
  MemoryStream(std::string_view content, std::string name)
      : ByteStream(std::move(name)), left_(content) {}

 protected:
  std::size_t read_source(std::span<std::byte> to) override {
    const std::size_t count = std::min(to.size(), left_.size());
    if (count > 0) std::memcpy(to.data(), left_.data(), count);
    left_.remove_prefix(count);
    return count;
  }
  std::uint64_t max_source_bytes() const override { return left_.size(); }

  std::string_view left_;
};

class OwningMemoryStream : public MemoryStream {
 public:
  OwningMemoryStream(std::string content, std::string name)
      : MemoryStream({}, std::move(name)), content_(std::move(content)) {
    left_ = content_;
  }

 private:
  std::string content_;
};

class FileStream : public ByteStream {
 public:
  FileStream(int descriptor, std::string name)
      : ByteStream(std::move(name)), descriptor_(descriptor) {}
  ~FileStream() override { ::close(descriptor_); }

  void set_size(std::uint64_t size) { left_ = size; }

 protected:
  std::size_t read_source(std::span<std::byte> to) override {
    std::size_t filled = 0;
    while (filled < to.size()) {
      const ssize_t n = ::read(descriptor_, to.data() + filled, to.size() - filled);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw Error(ErrorCode::kIo, "{}: {}", name(), std::strerror(errno));
      if (n == 0) break;
      filled += static_cast<std::size_t>(n);
    }
    left_ -= std::min<std::uint64_t>(left_, filled);
    return filled;
  }
  std::uint64_t max_source_bytes() const override { return left_; }

 private:
  int descriptor_;
  std::uint64_t left_ = kMaxInputBytes;
};

}  // namespace

std::size_t ByteStream::read(std::span<std::byte> to) {
  const std::size_t from_ahead = std::min(to.size(), ahead_.size());
  if (from_ahead > 0) {
    std::memcpy(to.data(), ahead_.data(), from_ahead);
    ahead_.erase(0, from_ahead);
  }
  return from_ahead + (from_ahead < to.size() ? read_source(to.subspan(from_ahead)) : 0);
}

std::string_view ByteStream::peek(std::size_t count) {
  if (ahead_.size() < count) {
    std::string more(count - ahead_.size(), '\0');
    more.resize(read_source(std::as_writable_bytes(std::span(more))));
    ahead_ += more;
  }
  return std::string_view(ahead_).substr(0, count);
}

std::unique_ptr<ByteStream> open_raw_stream(const std::filesystem::path& path) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path.string();
  const int descriptor = standard_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                        : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    throw Error(missing ? ErrorCode::kBadData : ErrorCode::kIo, "{}: {}", name,
                std::strerror(errno));
  }
  auto file = std::make_unique<FileStream>(descriptor, name);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0)
    throw Error(ErrorCode::kIo, "{}: {}", name, std::strerror(errno));
  if (S_ISDIR(status.st_mode))
    throw Error(ErrorCode::kBadData, "{}: want a file, found a folder", name);
  if (S_ISREG(status.st_mode) && !standard_input) {
    file->set_size(static_cast<std::uint64_t>(status.st_size));
    return file;
  }
  return std::make_unique<OwningMemoryStream>(read_rest(*file, kMaxInputBytes), name);
}

std::unique_ptr<ByteStream> make_memory_stream(std::string_view content, std::string name) {
  return std::make_unique<MemoryStream>(content, std::move(name));
}

std::string read_rest(ByteStream& stream, std::uint64_t max_bytes) {
  const bool known = stream.size_is_known() && stream.max_remaining() < kMaxInputBytes;
  std::string bytes;
  // One more than is expected, so that the end is met without growing.
  if (known) bytes.resize(std::min(stream.max_remaining(), max_bytes) + 1);
  std::size_t filled = 0;
  for (;;) {
    if (filled == bytes.size())
      bytes.resize(
          std::min<std::uint64_t>(filled + std::max(kReadChunk, filled / 2), max_bytes + 1));
    const auto room = std::as_writable_bytes(std::span(bytes)).subspan(filled);
    const std::size_t count = stream.read(room);
    filled += count;
    if (filled > max_bytes)
      throw Error(ErrorCode::kBadData, "{}: want at most {} bytes, found more", stream.name(),
                  max_bytes);
    if (count < room.size()) break;
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace digitry
