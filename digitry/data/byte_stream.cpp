#include "digitry/data/byte_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"

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
    throw Error(ErrorCode::kBadData, "{}: expected a file, found a folder", name);
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
  // One byte more than expected, so that the end is reached without growing.
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
      throw Error(ErrorCode::kBadData, "{}: expected at most {} bytes, found more", stream.name(),
                  max_bytes);
    if (count < room.size()) break;
  }
  bytes.resize(filled);
  return bytes;
}

namespace {

constexpr std::string_view kMagic = "\x1f\x8b";
constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window; a gzip wrapper
constexpr std::size_t kBuffer = std::size_t{1} << 16;

// Deflate cannot compress better than 1032:1 (a 258-byte match takes 2 bits). The slack covers
// input that zlib has consumed but whose output is still pending.
constexpr std::uint64_t kMaxRatio = 1032;
constexpr std::uint64_t kMaxPending = std::uint64_t{1} << 16;

class GzipStream : public ByteStream {
 public:
  explicit GzipStream(std::unique_ptr<ByteStream> source)
      : ByteStream(source->name()), source_(std::move(source)), buffer_(kBuffer) {
    if (inflateInit2(&zlib_, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~GzipStream() override { inflateEnd(&zlib_); }

  bool size_is_known() const override { return false; }

 protected:
  std::uint64_t max_source_bytes() const override {
    if (ended_) return 0;
    const std::uint64_t packed = source_->max_remaining() + zlib_.avail_in;
    return packed > std::numeric_limits<std::uint64_t>::max() / (2 * kMaxRatio)
               ? std::numeric_limits<std::uint64_t>::max() / 2
               : packed * kMaxRatio + kMaxPending;
  }

  std::size_t read_source(std::span<std::byte> to) override {
    std::size_t filled = 0;
    while (filled < to.size() && !ended_) {
      if (zlib_.avail_in == 0) refill();
      const std::size_t room = std::min<std::size_t>(to.size() - filled, 1U << 30);
      zlib_.next_out = reinterpret_cast<Bytef*>(to.data() + filled);
      zlib_.avail_out = static_cast<uInt>(room);
      const int status = ::inflate(&zlib_, Z_NO_FLUSH);
      filled += room - zlib_.avail_out;
      if (status == Z_STREAM_END) {
        end_member();
      } else if (status == Z_BUF_ERROR) {  // There is room for output, so the input has ended.
        fail("a truncated file");
      } else if (status == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (status != Z_OK) {
        fail(zlib_.msg ? std::string("corrupt data (") + zlib_.msg + ")" : "corrupt data");
      }
    }
    return filled;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error(ErrorCode::kBadData, "{}: expected a valid gzip file, found {}", name(), what);
  }

  void refill() {
    zlib_.next_in = buffer_.data();
    zlib_.avail_in = static_cast<uInt>(source_->read(std::as_writable_bytes(std::span(buffer_))));
  }

  // Checks what follows the checksum: the start of another member, or the end.
  void end_member() {
    std::string next(reinterpret_cast<const char*>(zlib_.next_in),
                     std::min<std::size_t>(zlib_.avail_in, kMagic.size()));
    next += source_->peek(kMagic.size() - next.size());
    if (next.empty()) {
      ended_ = true;
    } else if (next == kMagic) {
      inflateReset(&zlib_);
    } else {
      fail("trailing bytes after its end");
    }
  }

  std::unique_ptr<ByteStream> source_;
  std::vector<Bytef> buffer_;
  z_stream zlib_{};
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> inflate_gzip(std::unique_ptr<ByteStream> compressed) {
  return std::make_unique<GzipStream>(std::move(compressed));
}

std::unique_ptr<ByteStream> inflate_if_gzip(std::unique_ptr<ByteStream> stream) {
  return stream->peek(kMagic.size()) == kMagic ? inflate_gzip(std::move(stream))
                                               : std::move(stream);
}

std::unique_ptr<ByteStream> open_stream(const std::filesystem::path& path) {
  return inflate_if_gzip(open_raw_stream(path));
}

std::string deflate_gzip(std::string_view bytes) {
  if (bytes.size() > kMaxInputBytes)
    throw Error(ErrorCode::kInvalidArgument, "deflate_gzip: expected at most {} bytes, got {}",
                kMaxInputBytes, bytes.size());
  z_stream zlib{};
  if (deflateInit2(&zlib, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string packed(deflateBound(&zlib, static_cast<uLong>(bytes.size())), '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  zlib.avail_in = static_cast<uInt>(bytes.size());
  zlib.next_out = reinterpret_cast<Bytef*>(packed.data());
  zlib.avail_out = static_cast<uInt>(packed.size());
  ::deflate(&zlib, Z_FINISH);  // Cannot fail: the buffer has the size of the bound.
  packed.resize(packed.size() - zlib.avail_out);
  deflateEnd(&zlib);
  return packed;
}

}  // namespace digitry
