#include "apps/digitry/commands/serve_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "digitry/base/text.h"
#include "digitry/serving/http/http.h"

namespace digitry::app {
namespace {

// Writes one "key: value" after the other, in either format.
class LineWriter {
 public:
  LineWriter(LogFormat format, LogTime time, LogLevel level) : json_(format == LogFormat::kJson) {
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    add("time",
        fmt::format("{}.{:03}Z", utc_text(std::chrono::system_clock::to_time_t(time)), ms % 1000));
    add("level", level == LogLevel::kWarning ? "warning" : "info");
  }

  void add(std::string_view key, std::string_view text) {
    add_raw(key, json_ || !is_plain(text) ? serving::json_quoted(text) : std::string(text));
  }
  void add_number(std::string_view key, double value) {
    add_raw(key, fmt::format("{:.6g}", value));
  }

  std::string line() const { return (json_ ? "{" + text_ + "}" : text_) + "\n"; }

 private:
  // Whether logfmt needs no quotes.
  static bool is_plain(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
      return c > ' ' && c <= '~' && c != '"' && c != '=' && c != '\\';
    });
  }

  void add_raw(std::string_view key, const std::string& value) {
    if (json_)
      text_ += fmt::format("{}\"{}\":{}", text_.empty() ? "" : ",", key, value);
    else
      text_ += fmt::format("{}{}={}", text_.empty() ? "" : " ", key, value);
  }

  bool json_;
  std::string text_;
};

}  // namespace

std::string message_line(LogFormat format, LogTime time, LogLevel level, std::string_view message) {
  LineWriter writer(format, time, level);
  writer.add("message", message);
  return writer.line();
}

std::string access_line(LogFormat format, LogTime time, const serving::AccessRecord& record) {
  LineWriter writer(format, time, record.status >= 500 ? LogLevel::kWarning : LogLevel::kInfo);
  writer.add("client", record.client);
  writer.add("method", record.method);
  writer.add("target", record.target);
  writer.add_number("status", record.status);
  writer.add_number("request_bytes", static_cast<double>(record.request_bytes));
  writer.add_number("response_bytes", static_cast<double>(record.response_bytes));
  writer.add_number("seconds", record.seconds);
  return writer.line();
}

}  // namespace digitry::app
