#include "digitry/serving/http/http.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <new>
#include <nlohmann/json.hpp>

#include "digitry/base/error.h"
#include "digitry/base/log.h"

namespace digitry::serving {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

// RFC 9110, sec. 5.6.7. Names of days and months are English in every locale.
std::string http_date(std::chrono::system_clock::time_point now) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                     kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

// More than any of these requests needs.
constexpr std::size_t kMaxNesting = 16;

std::optional<std::string> text_member(const simdjson::dom::object& object, std::string_view key) {
  std::optional<std::string> text;
  for (const simdjson::dom::key_value_pair member : object) {
    if (member.key != key) continue;
    if (text) throw Error(ErrorCode::kBadData, "duplicate key \"{}\"", key);
    std::string_view value;
    if (member.value.get(value) != simdjson::SUCCESS)
      throw Error(ErrorCode::kBadData, "{}: expected a string, got another type", key);
    text = value;
  }
  return text;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

const std::string* Request::find_header(std::string_view name) const {
  const auto found = std::ranges::find_if(
      headers, [&](const auto& header) { return same_name(header.first, name); });
  return found == headers.end() ? nullptr : &found->second;
}

std::optional<std::string> Request::query(std::string_view name) const {
  std::string_view text = std::string_view(target).substr(0, target.find('#'));
  text.remove_prefix(std::min(text.size(), text.find('?')));
  if (!text.empty()) text.remove_prefix(1);
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const std::string_view key = pair.substr(0, pair.find('='));
    if (key == name) return percent_decoded(pair.substr(std::min(pair.size(), key.size() + 1)));
  }
  return std::nullopt;
}

std::string_view Request::path() const {
  std::string_view path = target;
  if (const auto scheme = path.find("://"); scheme != std::string_view::npos && path[0] != '/') {
    const auto slash = path.find('/', scheme + 3);
    path = slash == std::string_view::npos ? "/" : path.substr(slash);
  }
  path = path.substr(0, path.find_first_of("?#"));
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

std::string_view Request::target_authority() const {
  const std::string_view whole = target;
  const auto scheme = whole.find("://");
  if (scheme == std::string_view::npos || whole.find('/') <= scheme) return {};
  const std::string_view rest = whole.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

Response too_long_response(std::uint64_t max_bytes, std::string_view advice) {
  return error_response(413, max_bytes == 0
                                 ? std::string("expected no body")
                                 : fmt::format("body too long: expected at most {} bytes{}{}",
                                               max_bytes, advice.empty() ? "" : "; ", advice));
}

Response unavailable_response(std::string_view message) {
  Response response = error_response(503, message);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response failure_response(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    switch (error.code()) {
      case ErrorCode::kBadData:
      case ErrorCode::kShapeMismatch:
      case ErrorCode::kInvalidArgument:
        return error_response(400, error.what());
      case ErrorCode::kUnavailable:
        return unavailable_response(error.what());
      default:
        return error_response(500, error.what());
    }
  } catch (const std::bad_alloc&) {
    return unavailable_response("out of memory; try again later, or with fewer images");
  } catch (const std::exception& error) {
    return error_response(500, error.what());
  }
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    if (text.front() != '%') {
      decoded += text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned byte = 0;
    const auto digits = text.substr(1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (error != std::errc() || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return decoded;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain)
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

bool is_media_type(std::string_view header, std::string_view type) {
  const std::string_view found = header.substr(0, header.find(';'));
  return same_name(found.substr(0, found.find_last_not_of(" \t") + 1), type);
}

std::string json_quoted(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> parse_json_texts(std::string_view json,
                                          std::span<const std::string_view> keys,
                                          std::span<const std::string_view> optional_keys) {
  simdjson::dom::parser parser;
  simdjson::error_code error = parser.allocate(json.size(), kMaxNesting);
  simdjson::dom::element root;
  if (error == simdjson::SUCCESS) error = parser.parse(json.data(), json.size()).get(root);
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  if (error == simdjson::DEPTH_ERROR)
    throw Error(ErrorCode::kBadData, "expected JSON nested less than {} levels deep", kMaxNesting);
  if (error != simdjson::SUCCESS)
    throw Error(ErrorCode::kBadData, "not JSON: {}", simdjson::error_message(error));
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS)
    throw Error(ErrorCode::kBadData, "expected a JSON object, got another type");
  std::vector<std::string> texts;
  for (const std::string_view key : keys) {
    std::optional<std::string> text = text_member(object, key);
    if (!text) throw Error(ErrorCode::kBadData, "{}: expected a string; the key is missing", key);
    texts.push_back(std::move(*text));
  }
  for (const std::string_view key : optional_keys)
    texts.push_back(text_member(object, key).value_or(""));
  return texts;
}

Response error_response(int status, std::string_view message) {
  Response response;
  response.status = status;
  response.body = fmt::format("{{\"error\":{}}}", json_quoted(message));
  return response;
}

std::string response_head(const Response& response, bool keep_alive,
                          std::chrono::system_clock::time_point now) {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  const auto add = [&head](std::string_view name, std::string_view value) {
    ((head += name) += ": ") += value;
    head += "\r\n";
  };
  add("Date", http_date(now));
  add("Server", "digitry");
  add("Connection", keep_alive ? "keep-alive" : "close");
  add("Content-Type", response.content_type);
  add("Content-Length", std::to_string(response.body.size()));
  add("X-Content-Type-Options", "nosniff");
  const auto own = [&](std::string_view name) {
    return std::ranges::any_of(response.headers,
                               [&](const auto& header) { return header.first == name; });
  };
  if (!own("Cache-Control")) add("Cache-Control", "no-store");
  if (!own("Content-Security-Policy"))
    add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  for (const auto& [name, value] : response.headers) add(name, value);
  return head + "\r\n";
}

void log_lost_answer() noexcept {
  try {
    log(LogLevel::kWarning, "an answer was lost: out of memory, or the connection's handler threw");
  } catch (...) {  // NOLINT(bugprone-empty-catch): nothing is left to do.
  }
}

}  // namespace digitry::serving
