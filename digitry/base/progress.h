#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace digitry {

/// Told how far long work has come, in the unit of the work (bytes, images).
/// `total` is 0 where it is not known. Called from the thread that does the work.
using ProgressSink =
    std::function<void(std::string_view what, std::uint64_t done, std::uint64_t total)>;

}  // namespace digitry
