#include "digitry/base/log.h"

#include <utility>

namespace digitry {
namespace {

LogSink& process_sink() {
  static LogSink sink;
  return sink;
}

}  // namespace

void set_log_sink(LogSink sink) { process_sink() = std::move(sink); }

void log(LogLevel level, std::string_view message) {
  if (process_sink()) process_sink()(level, message);
}

}  // namespace digitry
