#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace digitry {

enum class LogLevel { kInfo, kWarning };

/// Receives the messages of the library, which never prints itself.
using LogSink = std::function<void(LogLevel, std::string_view message)>;

/// Installs the sink of the whole process. An empty function, the default, drops every message.
/// Not thread-safe: call it before other threads use the library.
void set_log_sink(LogSink sink);

/// Passes `message`, one line without a line break, to the sink on the calling thread. Exceptions
/// of the sink pass through.
void log(LogLevel level, std::string_view message);

/// Receives the progress of long work, in the unit of the work (bytes, images). `total` is 0 if it
/// is not known. Called on the thread that does the work.
using ProgressSink =
    std::function<void(std::string_view what, std::uint64_t done, std::uint64_t total)>;

}  // namespace digitry
