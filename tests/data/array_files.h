#pragma once

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "digitry/data/byte_stream.h"

// NPY arrays and ZIP archives, byte by byte as NumPy and Python's zipfile write them.

namespace digitry::test {

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value & 0xff);
  return text;
}

/// An array in NPY with this text as its header.
inline std::string npy_with_header(std::string header, std::string_view payload, int version = 1) {
  const std::size_t prefix = version == 1 ? 10 : 12;
  header += std::string((64 - (prefix + header.size() + 1) % 64) % 64, ' ') + '\n';
  return "\x93NUMPY" + std::string{static_cast<char>(version), 0} +
         little_endian(header.size(), version == 1 ? 2 : 4) + header + std::string(payload);
}

/// An array in NPY: `shape` is as Python writes it, "(2, 3)" or "(2,)".
inline std::string npy_of(std::string_view type, std::string_view shape, std::string_view payload,
                          bool fortran = false, int version = 1) {
  return npy_with_header(fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}", type,
                                     fortran ? "True" : "False", shape),
                         payload, version);
}

/// The bytes of numbers of type T.
template <typename T>
std::string packed(const std::vector<T>& numbers, bool big_endian = false) {
  std::string bytes;
  for (const T number : numbers) {
    std::string item(sizeof(T), '\0');
    std::memcpy(item.data(), &number, sizeof(T));
    if (big_endian != (std::endian::native == std::endian::big))
      item.assign(item.rbegin(), item.rend());
    bytes += item;
  }
  return bytes;
}

enum class ZipStyle {
  kStored,
  kDeflated,
  kZip64,  ///< Deflated, with the sizes in ZIP64 fields, as np.savez writes them.
};

/// The fields of the entries of a ZIP archive; tests change them to make false ones.
struct ZipEntry {
  std::string name;
  std::string packed{};
  std::uint64_t num_bytes = 0;
  std::uint64_t announced_packed = 0;
  std::uint32_t crc32 = 0;
  std::uint16_t method = 8;
  std::uint16_t flags = 0;
  bool zip64 = false;
  std::int64_t offset = -1;  ///< Of the local header; -1: where it is.
};

inline ZipEntry zip_entry(const std::string& name, std::string_view content,
                          ZipStyle style = ZipStyle::kDeflated) {
  // A gzip file of Digitry is 10 bytes, the deflated content, its CRC-32 and its length.
  const std::string gzip = deflate_gzip(content);
  ZipEntry entry{.name = name};
  for (int i = 3; i >= 0; --i)
    entry.crc32 = entry.crc32 << 8 |
                  static_cast<unsigned char>(gzip[gzip.size() - 8 + static_cast<std::size_t>(i)]);
  const bool stored = style == ZipStyle::kStored;
  entry.packed = stored ? std::string(content) : gzip.substr(10, gzip.size() - 18);
  entry.method = stored ? 0 : 8;
  entry.num_bytes = content.size();
  entry.announced_packed = entry.packed.size();
  entry.zip64 = style == ZipStyle::kZip64;
  return entry;
}

/// An archive of these entries. `ended64` adds the end record of ZIP64.
inline std::string zip_of(const std::vector<ZipEntry>& entries, bool ended64 = false) {
  std::string archive;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    const std::uint64_t offset =
        entry.offset < 0 ? archive.size() : static_cast<std::uint64_t>(entry.offset);
    const auto sizes = [&](std::uint64_t packed, std::uint64_t content) {
      return entry.zip64 ? little_endian(0xffffffff, 4) + little_endian(0xffffffff, 4)
                         : little_endian(packed, 4) + little_endian(content, 4);
    };
    const std::string extra = !entry.zip64 ? std::string()
                                           : little_endian(1, 2) + little_endian(16, 2) +
                                                 little_endian(entry.num_bytes, 8) +
                                                 little_endian(entry.announced_packed, 8);
    const std::string common = little_endian(entry.flags, 2) + little_endian(entry.method, 2) +
                               little_endian(0, 4) + little_endian(entry.crc32, 4) +
                               sizes(entry.announced_packed, entry.num_bytes) +
                               little_endian(entry.name.size(), 2) + little_endian(extra.size(), 2);
    archive += "PK\x03\x04" + little_endian(45, 2) + common + entry.name + extra + entry.packed;
    directory += "PK\x01\x02" + little_endian(45, 2) + little_endian(45, 2) + common +
                 little_endian(0, 10) + little_endian(offset, 4) + entry.name + extra;
  }
  const std::uint64_t at = archive.size();
  archive += directory;
  if (ended64) {
    const std::uint64_t end = archive.size();
    archive += "PK\x06\x06" + little_endian(44, 8) + little_endian(45, 2) + little_endian(45, 2) +
               little_endian(0, 8) + little_endian(entries.size(), 8) +
               little_endian(entries.size(), 8) + little_endian(directory.size(), 8) +
               little_endian(at, 8);
    archive += "PK\x06\x07" + little_endian(0, 4) + little_endian(end, 8) + little_endian(1, 4);
  }
  return archive + "PK\x05\x06" + little_endian(0, 4) + little_endian(entries.size(), 2) +
         little_endian(entries.size(), 2) + little_endian(directory.size(), 4) +
         little_endian(ended64 ? 0xffffffff : at, 4) + little_endian(0, 2);
}

/// An NPZ file of these arrays.
inline std::string npz_of(const std::vector<std::pair<std::string, std::string>>& arrays,
                          ZipStyle style = ZipStyle::kZip64) {
  std::vector<ZipEntry> entries;
  for (const auto& [name, npy] : arrays) entries.push_back(zip_entry(name + ".npy", npy, style));
  return zip_of(entries);
}

}  // namespace digitry::test
