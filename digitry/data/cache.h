#pragma once

#include <filesystem>

namespace digitry {

/// The folder in which fetched data sets are kept: $DIGITRY_DATA_DIR, else $XDG_CACHE_HOME/digitry,
/// else ~/.cache/digitry. As the XDG base directory specification has it, a relative
/// $XDG_CACHE_HOME is ignored. Does not create it.
/// Throws Error{kUnavailable} where none of the three is set.
std::filesystem::path cache_folder();

}  // namespace digitry
