#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace digitry {

enum class LogLevel { kInfo, kWarning };

/// Receives what the library wants to tell a person. The library itself never prints.
using LogSink = std::function<void(LogLevel, std::string_view message)>;

/// Installs the sink of the whole process; an empty function (the default) drops every message.
/// Not to be called while other threads use the library.
void set_log_sink(LogSink sink);

/// Hands `message`, one line without its end, to the sink, on the calling thread; what the sink
/// throws comes through.
void log(LogLevel level, std::string_view message);

/// Told how far long work has come, in the unit of the work (bytes, images).
/// `total` is 0 where it is not known. Called from the thread that does the work.
using ProgressSink =
    std::function<void(std::string_view what, std::uint64_t done, std::uint64_t total)>;

}  // namespace digitry
