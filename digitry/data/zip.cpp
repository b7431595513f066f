#include "digitry/data/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <set>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"
#include "digitry/base/text.h"

namespace digitry {
namespace {

constexpr std::string_view kMemberMagic = "PK\x03\x04";
constexpr std::string_view kDirectoryMagic = "PK\x01\x02";
constexpr std::string_view kEndMagic = "PK\x05\x06";
constexpr std::string_view kEnd64Magic = "PK\x06\x06";
constexpr std::string_view kLocatorMagic = "PK\x06\x07";
constexpr std::size_t kMemberHeader = 30;
constexpr std::size_t kDirectoryHeader = 46;
constexpr std::size_t kEndHeader = 22;
constexpr std::size_t kEnd64Header = 56;
constexpr std::size_t kLocatorHeader = 20;
constexpr std::size_t kMaxComment = 65535;
constexpr std::uint64_t kMaxMembers = 10'000;
constexpr std::uint64_t kIn64 = 0xffffffff;  // The value is in a ZIP64 field.
constexpr std::uint16_t kZip64Field = 1;
constexpr int kRawDeflate = -15;

// Deflate cannot compress better than 1032:1, plus what a short member needs.
constexpr std::uint64_t kMaxZipRatio = 1032;
constexpr std::uint64_t kMaxZipSlack = 1032;

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t length) {
  std::uint64_t value = 0;
  for (std::size_t i = length; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// The content of the ZIP64 field among the extra fields; empty if there is none.
std::string_view zip64_field(std::string_view extra) {
  while (extra.size() >= 4) {
    const std::uint64_t id = little_endian(extra, 0, 2);
    const std::uint64_t length = little_endian(extra, 2, 2);
    if (length > extra.size() - 4) break;
    if (id == kZip64Field) return extra.substr(4, length);
    extra.remove_prefix(4 + length);
  }
  return {};
}

class MemberStream : public ByteStream {
 public:
  MemberStream(std::string_view packed, ZipMember member, std::string name)
      : ByteStream(std::move(name)), packed_(packed), member_(std::move(member)) {
    if (!member_.deflated) return;
    if (inflateInit2(&zlib_, kRawDeflate) != Z_OK) throw std::bad_alloc();
  }
  ~MemberStream() override {
    if (member_.deflated) inflateEnd(&zlib_);
  }

 protected:
  std::uint64_t max_source_bytes() const override { return member_.num_bytes - done_; }

  std::size_t read_source(std::span<std::byte> to) override {
    const std::size_t count = std::min<std::uint64_t>(to.size(), member_.num_bytes - done_);
    const std::size_t filled = member_.deflated ? inflate(to.first(count)) : copy(to.first(count));
    if (filled < count)
      fail(fmt::format("{} bytes instead of {}", done_ + filled, member_.num_bytes));
    for (std::size_t at = 0; at < filled; at += kCrcChunk)
      crc_ = ::crc32(crc_, reinterpret_cast<const Bytef*>(to.data() + at),
                     static_cast<uInt>(std::min(kCrcChunk, filled - at)));
    done_ += filled;
    if (done_ == member_.num_bytes && !checked_) check_end();
    return filled;
  }

 private:
  static constexpr std::size_t kCrcChunk = std::size_t{1} << 30;

  [[noreturn]] void fail(std::string_view what) const {
    throw Error(ErrorCode::kBadData, "{}: expected a sound member of a ZIP archive, found {}",
                name(), what);
  }

  std::size_t copy(std::span<std::byte> to) {
    if (!to.empty()) std::memcpy(to.data(), packed_.data() + done_, to.size());
    return to.size();
  }

  std::size_t inflate(std::span<std::byte> to) {
    std::size_t filled = 0;
    while (filled < to.size() && !ended_) {
      if (zlib_.avail_in == 0) {
        const std::size_t some = std::min<std::size_t>(packed_.size(), 1U << 30);
        zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed_.data()));
        zlib_.avail_in = static_cast<uInt>(some);
        packed_.remove_prefix(some);
      }
      const std::size_t room = std::min<std::size_t>(to.size() - filled, 1U << 30);
      zlib_.next_out = reinterpret_cast<Bytef*>(to.data() + filled);
      zlib_.avail_out = static_cast<uInt>(room);
      const int status = ::inflate(&zlib_, Z_NO_FLUSH);
      filled += room - zlib_.avail_out;
      if (status == Z_STREAM_END)
        ended_ = true;
      else if (status == Z_BUF_ERROR)  // There is room for output, so the input has ended.
        fail("truncated data");
      else if (status == Z_MEM_ERROR)
        throw std::bad_alloc();
      else if (status != Z_OK)
        fail(zlib_.msg ? std::string("corrupt data (") + zlib_.msg + ")" : "corrupt data");
    }
    return filled;
  }

  void check_end() {
    checked_ = true;
    std::byte more{};
    if (member_.deflated && inflate(std::span(&more, 1)) != 0)
      fail(fmt::format("more than the announced {} bytes", member_.num_bytes));
    if (crc_ != member_.crc32) fail("a wrong checksum");
  }

  std::string_view packed_;
  ZipMember member_;
  z_stream zlib_{};
  uLong crc_ = 0;
  std::uint64_t done_ = 0;
  bool ended_ = false;    // Of the deflated data.
  bool checked_ = false;  // The end was reached and checked.
};

// Finds and reads the directory of an archive.
class DirectoryReader {
 public:
  DirectoryReader(std::string_view content, const std::string& name)
      : content_(content), name_(name) {
    find_end();
  }

  std::vector<ZipMember> members() {
    std::vector<ZipMember> members;
    std::set<std::string> names;
    std::uint64_t total = 0;
    std::size_t at = begin_;
    for (std::uint64_t i = 0; i < count_; ++i) {
      ZipMember member = read_member(at);
      total += member.num_bytes;
      if (total > kMaxInputBytes)
        throw bad("expected at most {} bytes in all members, found more", kMaxInputBytes);
      if (!names.insert(member.name).second)
        throw bad("duplicate member '{}'", clean_utf8(member.name));
      members.push_back(std::move(member));
    }
    if (at != end_)
      throw bad("expected a directory of {} bytes, found {}", end_ - begin_, at - begin_);
    check_overlaps(members);
    std::erase_if(members, [](const ZipMember& member) { return member.name.ends_with('/'); });
    return members;
  }

 private:
  template <typename... Args>
  Error bad(MessageFormat<std::type_identity_t<Args>...> format, const Args&... args) const {
    return Error(ErrorCode::kBadData, "{}: not a valid ZIP archive: {}", name_,
                 format_message(format, args...));
  }

  std::uint64_t number(std::size_t at, std::size_t length) const {
    return little_endian(content_, at, length);
  }

  bool begins(std::size_t at, std::string_view magic, std::size_t header) const {
    return at <= content_.size() && content_.size() - at >= header &&
           content_.substr(at, magic.size()) == magic;
  }

  // The end record is the last whose comment reaches exactly to the end of the file.
  void find_end() {
    const std::size_t size = content_.size();
    const std::size_t first = size > kEndHeader + kMaxComment ? size - kEndHeader - kMaxComment : 0;
    std::size_t at = size;
    bool found = false;
    while (!found && at-- > first)
      found = begins(at, kEndMagic, kEndHeader) && number(at + 20, 2) == size - at - kEndHeader;
    if (!found) throw bad("its end is missing (a truncated file)");
    const bool one_disk = number(at + 4, 2) == 0 && number(at + 6, 2) == 0;
    if (!one_disk && number(at + 4, 2) != 0xffff) throw bad("it has several parts");
    count_ = number(at + 10, 2);
    std::uint64_t length = number(at + 12, 4);
    std::uint64_t offset = number(at + 16, 4);
    std::size_t limit = at;  // The directory ends here.
    if (at >= kLocatorHeader && begins(at - kLocatorHeader, kLocatorMagic, kLocatorHeader)) {
      const std::uint64_t end64 = number(at - kLocatorHeader + 8, 8);
      if (end64 > at - kLocatorHeader || !begins(end64, kEnd64Magic, kEnd64Header))
        throw bad("its ZIP64 end record is not where it is announced");
      count_ = number(end64 + 32, 8);
      length = number(end64 + 40, 8);
      offset = number(end64 + 48, 8);
      limit = end64;
    }
    if (offset > limit || length > limit - offset)
      throw bad("its directory of {} bytes at {} is not inside the file", length, offset);
    if (count_ > kMaxMembers || count_ > length / kDirectoryHeader)
      throw bad("expected at most {} members, found {} in a directory of {} bytes", kMaxMembers,
                count_, length);
    begin_ = offset;
    end_ = offset + length;
  }

  // Reads one entry of the directory and moves behind it.
  ZipMember read_member(std::size_t& at) {
    if (at > end_ || end_ - at < kDirectoryHeader || content_.substr(at, 4) != kDirectoryMagic)
      throw bad("expected an entry of the directory at {}", at);
    const std::uint64_t name_length = number(at + 28, 2);
    const std::uint64_t extra_length = number(at + 30, 2);
    const std::uint64_t length = kDirectoryHeader + name_length + extra_length + number(at + 32, 2);
    if (length > end_ - at) throw bad("an entry of the directory at {} is too long", at);
    ZipMember member;
    member.name = content_.substr(at + kDirectoryHeader, name_length);
    member.crc32 = static_cast<std::uint32_t>(number(at + 16, 4));
    member.packed_bytes = number(at + 20, 4);
    member.num_bytes = number(at + 24, 4);
    member.offset = number(at + 42, 4);
    read_zip64(content_.substr(at + kDirectoryHeader + name_length, extra_length), member);
    const std::uint64_t flags = number(at + 8, 2);
    const std::uint64_t method = number(at + 10, 2);
    const std::string shown = clean_utf8(member.name);
    if ((flags & 1) != 0) throw bad("'{}' is encrypted", shown);
    if (method != 0 && method != 8)
      throw bad("'{}': expected it stored or deflated, found compression method {}", shown, method);
    member.deflated = method == 8;
    check_sizes(member, shown);
    find_content(member, method, shown);
    at += length;
    return member;
  }

  // The field has those values, in this order, that do not fit into the entry.
  void read_zip64(std::string_view extra, ZipMember& member) const {
    std::string_view field = zip64_field(extra);
    for (std::uint64_t* value : {&member.num_bytes, &member.packed_bytes, &member.offset}) {
      if (*value != kIn64) continue;
      if (field.size() < 8) throw bad("'{}': its ZIP64 sizes are missing", clean_utf8(member.name));
      *value = little_endian(field, 0, 8);
      field.remove_prefix(8);
    }
  }

  void check_sizes(const ZipMember& member, const std::string& shown) const {
    const bool possible =
        member.packed_bytes <= content_.size() &&
        (member.deflated ? member.num_bytes <= member.packed_bytes * kMaxZipRatio + kMaxZipSlack
                         : member.num_bytes == member.packed_bytes);
    if (!possible)
      throw bad("'{}': {} packed bytes cannot hold {}", shown, member.packed_bytes,
                member.num_bytes);
  }

  // From the local header, which only has to agree on name and method: writers leave its sizes
  // empty, or say 64 bits where the directory does not.
  void find_content(ZipMember& member, std::uint64_t method, const std::string& shown) {
    const std::uint64_t header = member.offset;
    if (header > begin_ || begin_ - header < kMemberHeader ||
        !begins(header, kMemberMagic, kMemberHeader))
      throw bad("'{}' is not at its place {}", shown, header);
    const std::uint64_t name_length = number(header + 26, 2);
    const std::uint64_t start = header + kMemberHeader + name_length + number(header + 28, 2);
    if (start > begin_ || member.packed_bytes > begin_ - start)
      throw bad("'{}' reaches beyond the directory", shown);
    if (number(header + 8, 2) != method ||
        content_.substr(header + kMemberHeader, name_length) != member.name)
      throw bad("the header of '{}' differs from the directory", shown);
    member.offset = start;
    ranges_.emplace_back(header, start + member.packed_bytes);
  }

  void check_overlaps(const std::vector<ZipMember>& members) {
    std::ranges::sort(ranges_);
    for (std::size_t i = 1; i < ranges_.size(); ++i)
      if (ranges_[i].first < ranges_[i - 1].second)
        throw bad("two of its {} members overlap", members.size());
  }

  std::string_view content_;
  const std::string& name_;
  std::uint64_t count_ = 0;
  std::size_t begin_ = 0;  // Of the directory.
  std::size_t end_ = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;  // Of the members.
};

}  // namespace

ZipArchive::ZipArchive(std::string content, std::string name)
    : content_(std::move(content)), name_(std::move(name)) {
  members_ = DirectoryReader(content_, name_).members();
}

std::unique_ptr<ByteStream> ZipArchive::open(const ZipMember& member) const {
  const auto packed = std::string_view(content_).substr(member.offset, member.packed_bytes);
  return std::make_unique<MemberStream>(packed, member, name_ + ": " + clean_utf8(member.name));
}

bool looks_like_zip(std::string_view start) {
  return start.starts_with(kMemberMagic) || start.starts_with(kEndMagic);
}

}  // namespace digitry
