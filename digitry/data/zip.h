#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/data/byte_stream.h"

namespace digitry {

/// One file in a ZIP archive.
struct ZipMember {
  std::string name;
  std::uint64_t num_bytes = 0;     ///< Of its content.
  std::uint64_t packed_bytes = 0;  ///< In the archive.
  std::uint64_t offset = 0;        ///< Of its packed bytes.
  std::uint32_t crc32 = 0;
  bool deflated = false;  ///< Else stored as it is.
};

/// A ZIP archive in memory, read by its central directory. Stored and deflated members, with the
/// sizes of ZIP64 if they have them.
/// Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
class ZipArchive {
 public:
  /// Reads and checks the directory: every member lies inside the archive, before the directory,
  /// overlaps no other, has a name of its own, agrees with its local header, and announces no more
  /// bytes than its packed bytes can make, nor all together more than `kMaxInputBytes`.
  /// Throws Error{kBadData} with a message that begins with `name` if one of these does not hold,
  /// or if a member is encrypted or compressed by another method.
  ZipArchive(std::string content, std::string name);

  const std::string& name() const { return name_; }
  /// In the order of the directory. Folders are left out.
  const std::vector<ZipMember>& members() const { return members_; }

  /// The content of a member; the archive must outlive the stream. Reading to the end checks length
  /// and CRC-32: `read` throws Error{kBadData} if they differ or the data are damaged.
  std::unique_ptr<ByteStream> open(const ZipMember& member) const;

 private:
  std::string content_;
  std::string name_;
  std::vector<ZipMember> members_;
};

/// Whether `start` begins with the signature of a ZIP archive.
bool looks_like_zip(std::string_view start);

}  // namespace digitry
