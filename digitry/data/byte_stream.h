#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace digitry {

/// Bytes of a file, a pipe or memory, perhaps decompressed, which can be read once and in order.
/// `read` and `peek` throw Error{kIo} if the system cannot read, Error{kBadData} for a damaged gzip
/// file.
class ByteStream {
 public:
  explicit ByteStream(std::string name) : name_(std::move(name)) {}
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// The name used in error messages: the path, or "standard input".
  const std::string& name() const { return name_; }

  /// Fills `to` and returns the number of bytes read: less than its length only at the end.
  std::size_t read(std::span<std::byte> to);

  /// The next `count` bytes (fewer at the end) without consuming them. Valid until the next call.
  std::string_view peek(std::size_t count);

  /// An upper bound of the number of bytes left, so that memory can be allocated safely.
  std::uint64_t max_remaining() const { return ahead_.size() + max_source_bytes(); }

  /// Whether `max_remaining` is exact (raw files and memory).
  virtual bool size_is_known() const { return true; }

 protected:
  virtual std::size_t read_source(std::span<std::byte> to) = 0;
  virtual std::uint64_t max_source_bytes() const = 0;

 private:
  std::string name_;
  std::string ahead_;  // Peeked but not yet read.
};

/// Opens a file without decompressing it; "-" is standard input. Pipes and standard input are read
/// into memory at once. Throws Error{kBadData} if the file is missing or a folder, or if a pipe is
/// longer than `kMaxInputBytes`; Error{kIo} if the system cannot open or read it.
std::unique_ptr<ByteStream> open_raw_stream(const std::filesystem::path& path);

/// A stream of `content`, which must outlive it.
std::unique_ptr<ByteStream> make_memory_stream(std::string_view content, std::string name);

/// All remaining bytes. Throws Error{kBadData} if there are more than `max_bytes`, and what `read`
/// throws.
std::string read_rest(ByteStream& stream, std::uint64_t max_bytes);

/// The content of a gzip file (RFC 1952); several consecutive members form one content. The file is
/// checked while it is read: `read` throws Error{kBadData} for corrupt data, a wrong checksum, a
/// truncated file, or trailing bytes that are not another member. Throws std::bad_alloc.
std::unique_ptr<ByteStream> inflate_gzip(std::unique_ptr<ByteStream> compressed);

/// Decompresses `stream` if it begins with the signature of a gzip file, else returns it unchanged.
/// Throws what `peek` throws.
std::unique_ptr<ByteStream> inflate_if_gzip(std::unique_ptr<ByteStream> stream);

/// Opens a file ("-" is standard input) and decompresses it if its content, not its name, is gzip.
/// Throws as `open_raw_stream` does.
std::unique_ptr<ByteStream> open_stream(const std::filesystem::path& path);

/// Compresses `bytes` to one gzip member. Throws Error{kInvalidArgument} if there are more than
/// `kMaxInputBytes`.
std::string deflate_gzip(std::string_view bytes);

}  // namespace digitry
