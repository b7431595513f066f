#include "digitry/data/tar.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr std::size_t kBlock = 512;

// Fields of a header block. Source: POSIX.1-2017, pax, "ustar Interchange Format".
constexpr std::size_t kNameLength = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSizeLength = 12;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumLength = 8;
constexpr std::size_t kTypeAt = 156;
constexpr std::size_t kPrefixAt = 345;
constexpr std::size_t kPrefixLength = 155;

Error broken(const ByteStream& archive, std::string_view what) {
  return Error(ErrorCode::kBadData, "{}: want a sound tar archive, found {}", archive.name(), what);
}

std::string_view text_field(std::string_view block, std::size_t at, std::size_t length) {
  const std::string_view field = block.substr(at, length);
  return field.substr(0, std::min(field.find('\0'), field.size()));
}

// Octal digits, perhaps in spaces. False where there is anything else (such as GNU's binary sizes
// above 8 GiB).
bool parse_octal(std::string_view field, std::uint64_t& value) {
  value = 0;
  while (field.starts_with(' ')) field.remove_prefix(1);
  while (field.ends_with(' ') || field.ends_with('\0')) field.remove_suffix(1);
  for (const char c : field) {
    if (c < '0' || c > '7') return false;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

bool checksum_fits(std::string_view block) {
  std::uint64_t wanted = 0;
  if (!parse_octal(block.substr(kChecksumAt, kChecksumLength), wanted)) return false;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool in_checksum = i >= kChecksumAt && i < kChecksumAt + kChecksumLength;
    sum += in_checksum ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return sum == wanted;
}

// One file inside the archive.
class Member : public ByteStream {
 public:
  Member(ByteStream& archive, const std::string& name, std::uint64_t size)
      : ByteStream(archive.name() + ": " + name), archive_(archive), left_(size) {}

 protected:
  std::size_t read_source(std::span<std::byte> to) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), left_));
    const std::size_t count = archive_.read(to.first(wanted));
    if (count < wanted) throw broken(archive_, "its end in the middle of a file");
    left_ -= count;
    return count;
  }
  std::uint64_t max_source_bytes() const override { return left_; }

 private:
  ByteStream& archive_;
  std::uint64_t left_;
};

void skip(ByteStream& stream, std::uint64_t count) {
  std::array<std::byte, 16 * kBlock> buffer;
  while (count > 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer.size()));
    const std::size_t done = stream.read(std::span(buffer).first(part));
    if (done < part) return;
    count -= done;
  }
}

}  // namespace

void for_each_tar_file(
    ByteStream& archive,
    const std::function<void(const std::string& name, ByteStream& content)>& on_file) {
  std::string block(kBlock, '\0');
  for (;;) {
    const std::size_t count = archive.read(std::as_writable_bytes(std::span(block)));
    if (count == 0) return;  // some writers leave the closing blocks of zeros out
    if (count < kBlock) throw broken(archive, "its end in the middle of a header");
    if (std::ranges::all_of(block, [](char c) { return c == '\0'; })) return;
    std::uint64_t size = 0;
    if (!checksum_fits(block) ||
        !parse_octal(std::string_view(block).substr(kSizeAt, kSizeLength), size))
      throw broken(archive, "a header with a wrong check sum or size");

    const std::string_view prefix = text_field(block, kPrefixAt, kPrefixLength);
    std::string name(prefix);
    if (!prefix.empty()) name += '/';
    name += text_field(block, 0, kNameLength);

    Member member(archive, name, size);
    if (block[kTypeAt] == '0' || block[kTypeAt] == '\0') on_file(name, member);
    skip(member, member.max_remaining());
    skip(archive, (kBlock - size % kBlock) % kBlock);
  }
}

}  // namespace digitry
