#include "digitry/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <vector>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr std::string_view kMagic = "\x1f\x8b";
constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window; a gzip wrapper
constexpr std::size_t kBuffer = std::size_t{1} << 16;

// Deflate cannot pack better than 1032:1 (a 258-byte match costs 2 bits). The slack is for what the
// inflater has taken in but not yet given out.
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
      } else if (status == Z_BUF_ERROR) {  // there is room for output, so the input is used up
        fail("it is cut short");
      } else if (status == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (status != Z_OK) {
        fail(zlib_.msg ? zlib_.msg : "corrupt data");
      }
    }
    return filled;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error(ErrorCode::kBadData, "{}: want a sound gzip file, found: {}", name(), what);
  }

  void refill() {
    zlib_.next_in = buffer_.data();
    zlib_.avail_in = static_cast<uInt>(source_->read(std::as_writable_bytes(std::span(buffer_))));
  }

  // Looks at what is behind the check sum: the start of another member, or the end.
  void end_member() {
    std::string next(reinterpret_cast<const char*>(zlib_.next_in),
                     std::min<std::size_t>(zlib_.avail_in, kMagic.size()));
    next += source_->peek(kMagic.size() - next.size());
    if (next.empty()) {
      ended_ = true;
    } else if (next == kMagic) {
      inflateReset(&zlib_);
    } else {
      fail("bytes behind its end");
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
    throw Error(ErrorCode::kInvalidArgument, "deflate_gzip: want at most {} bytes, found {}",
                kMaxInputBytes, bytes.size());
  z_stream zlib{};
  if (deflateInit2(&zlib, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string packed(deflateBound(&zlib, static_cast<uLong>(bytes.size())), '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  zlib.avail_in = static_cast<uInt>(bytes.size());
  zlib.next_out = reinterpret_cast<Bytef*>(packed.data());
  zlib.avail_out = static_cast<uInt>(packed.size());
  ::deflate(&zlib, Z_FINISH);  // cannot fail: there is room for the bound
  packed.resize(packed.size() - zlib.avail_out);
  deflateEnd(&zlib);
  return packed;
}

}  // namespace digitry
