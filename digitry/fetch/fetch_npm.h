#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "digitry/data/byte_stream.h"

namespace digitry {

/// Reads a tar archive (POSIX ustar) and calls `on_file(name, content)` for each regular file. The
/// unread rest of `content` is skipped. Nothing is written, so names in the archive are harmless.
/// Throws Error{kBadData} if the archive is invalid.
void for_each_tar_file(
    ByteStream& archive,
    const std::function<void(const std::string& name, ByteStream& content)>& on_file);

}  // namespace digitry
