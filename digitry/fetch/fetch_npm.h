#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "digitry/data/byte_stream.h"

namespace digitry {

/// Walks through a tar archive (POSIX ustar) and calls `on_file(name, content)` for each regular
/// file in it; what is left of `content` afterwards is skipped. Nothing is written anywhere, so
/// that no name in the archive can do harm. Throws Error{kBadData} where the archive is broken.
void for_each_tar_file(
    ByteStream& archive,
    const std::function<void(const std::string& name, ByteStream& content)>& on_file);

}  // namespace digitry
