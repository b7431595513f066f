#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace digitry {

/// Bytes read once, in order, from a file, a pipe or memory, perhaps inflated on the way.
class ByteStream {
 public:
  explicit ByteStream(std::string name) : name_(std::move(name)) {}
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// What messages call it: the path, or "standard input".
  const std::string& name() const { return name_; }

  /// Fills `to`; returns less than its length only at the end.
  std::size_t read(std::span<std::byte> to);

  /// The next `count` bytes (fewer at the end), which stay to be read.
  std::string_view peek(std::size_t count);

  /// How many bytes are still to come, at most: what may be allocated for them.
  std::uint64_t max_remaining() const { return ahead_.size() + max_source_bytes(); }

  /// Whether `max_remaining` is no bound but the number itself (raw files and memory).
  virtual bool size_is_known() const { return true; }

 protected:
  virtual std::size_t read_source(std::span<std::byte> to) = 0;
  virtual std::uint64_t max_source_bytes() const = 0;

 private:
  std::string name_;
  std::string ahead_;  // peeked, not yet read
};

/// Opens a file as it is, "-" being standard input; pipes are read to their end, into memory.
/// Throws Error{kBadData} where it is missing, a folder or, for a pipe, longer than
/// `kMaxInputBytes`; Error{kIo} where the system refuses.
std::unique_ptr<ByteStream> open_raw_stream(const std::filesystem::path& path);

/// The bytes of `content`, which has to outlive the stream.
std::unique_ptr<ByteStream> make_memory_stream(std::string_view content, std::string name);

/// Everything that is left. Throws Error{kBadData} where that is more than `max_bytes`.
std::string read_rest(ByteStream& stream, std::uint64_t max_bytes);

/// The content of a gzip file (RFC 1952; several members in a row are one content). Checked as it
/// is read: `read` throws Error{kBadData} for corrupt data, a wrong check sum, a file cut short, or
/// anything but a further member behind the end.
std::unique_ptr<ByteStream> inflate_gzip(std::unique_ptr<ByteStream> compressed);

/// `stream`, or its content where its first bytes say that it is a gzip file.
std::unique_ptr<ByteStream> inflate_if_gzip(std::unique_ptr<ByteStream> stream);

/// Opens a file ("-": standard input), raw or gzip by content, whatever its name says.
std::unique_ptr<ByteStream> open_stream(const std::filesystem::path& path);

/// Packs `bytes` as one gzip member.
std::string deflate_gzip(std::string_view bytes);

}  // namespace digitry
