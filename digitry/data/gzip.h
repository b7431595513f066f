#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "digitry/data/byte_stream.h"

namespace digitry {

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
