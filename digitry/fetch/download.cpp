#include "digitry/fetch/download.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <memory>
#include <thread>

#include "digitry/base/error.h"
#include "digitry/base/version.h"

namespace digitry {
namespace {

using Status = DownloadResult::Status;

constexpr long kStallBytesPerSecond = 1024;
constexpr long kMaxRedirects = 5;

struct CurlDelete {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, CurlDelete>;

// State shared by the callbacks of one attempt. Exceptions must not pass through libcurl, so they
// are stored in `failure`.
struct Transfer {
  std::string* body;
  std::uint64_t max_bytes;
  bool too_long = false;
  std::string_view what;
  const ProgressSink* progress;
  std::exception_ptr failure;
};

std::size_t on_bytes(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t length = size * count;
  if (transfer.body->size() + length > transfer.max_bytes) {
    transfer.too_long = true;
    return CURL_WRITEFUNC_ERROR;
  }
  try {
    transfer.body->append(bytes, length);
  } catch (...) {
    transfer.failure = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
  return length;
}

int on_progress(void* user, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!*transfer.progress) return 0;
  try {
    (*transfer.progress)(transfer.what, static_cast<std::uint64_t>(done),
                         static_cast<std::uint64_t>(total));
  } catch (...) {
    transfer.failure = std::current_exception();
    return 1;
  }
  return 0;
}

template <typename Value>
void set(const Curl& curl, CURLoption option, Value value) {
  if (const CURLcode code = curl_easy_setopt(curl.get(), option, value); code != CURLE_OK)
    throw Error(ErrorCode::kUnavailable, "libcurl rejected option {}: {}", static_cast<int>(option),
                curl_easy_strerror(code));
}

long milliseconds(double seconds) { return std::max(1L, std::lround(seconds * 1000)); }

struct Attempt {
  DownloadResult result;
  bool is_temporary = false;  // another attempt may succeed
};

Attempt judge_status(long status) {
  Attempt attempt;
  if (status == 200) {
    attempt.result.status = Status::kDone;
    return attempt;
  }
  attempt.is_temporary = status == 408 || status == 429 || status >= 500;
  attempt.result.status = status >= 400 && status < 500 ? Status::kNotFound : Status::kFailed;
  attempt.result.problem = fmt::format("HTTP status {}", status);
  return attempt;
}

Attempt judge_failure(CURLcode code, const char* detail, bool connected) {
  Attempt attempt;
  attempt.result.problem = *detail ? detail : curl_easy_strerror(code);
  attempt.result.status = connected ? Status::kFailed : Status::kUnreachable;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      attempt.is_temporary = connected;
      break;
    default:
      break;
  }
  return attempt;
}

Attempt try_once(const std::string& url, const DownloadOptions& options, std::string_view what,
                 const ProgressSink& progress) {
  const Curl curl(curl_easy_init());
  if (!curl) throw Error(ErrorCode::kUnavailable, "cannot initialise libcurl");
  std::string body;
  Transfer transfer{&body, options.max_bytes, false, what, &progress, nullptr};
  char detail[CURL_ERROR_SIZE] = "";
  const std::string user_agent = "digitry/" + std::string(version());
  set(curl, CURLOPT_URL, url.c_str());
  set(curl, CURLOPT_ERRORBUFFER, detail);
  set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  set(curl, CURLOPT_REDIR_PROTOCOLS_STR, url.starts_with("https:") ? "https" : "http,https");
  set(curl, CURLOPT_FOLLOWLOCATION, 1L);
  set(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  set(curl, CURLOPT_USERAGENT, user_agent.c_str());
  set(curl, CURLOPT_NOSIGNAL, 1L);
  set(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connect_timeout_s));
  set(curl, CURLOPT_TIMEOUT_MS, milliseconds(options.total_timeout_s));
  set(curl, CURLOPT_LOW_SPEED_LIMIT, kStallBytesPerSecond);
  set(curl, CURLOPT_LOW_SPEED_TIME, std::max(1L, std::lround(std::ceil(options.stall_timeout_s))));
  set(curl, CURLOPT_WRITEFUNCTION, &on_bytes);
  set(curl, CURLOPT_WRITEDATA, &transfer);
  set(curl, CURLOPT_NOPROGRESS, 0L);
  set(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(curl, CURLOPT_XFERINFODATA, &transfer);

  const CURLcode code = curl_easy_perform(curl.get());
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  if (transfer.too_long) {
    Attempt attempt;
    attempt.result.problem = fmt::format("expected at most {} bytes, got more", options.max_bytes);
    return attempt;
  }
  if (code != CURLE_OK) {
    curl_off_t connect_time = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_PRETRANSFER_TIME_T, &connect_time);
    return judge_failure(code, detail, connect_time > 0);
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  Attempt attempt = judge_status(status);
  if (attempt.result.status == Status::kDone) attempt.result.body = std::move(body);
  return attempt;
}

}  // namespace

std::string shown_url(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t at = url.substr(0, url.find_first_of("/?#", host)).rfind('@');
  return at == std::string::npos || at < host ? url : url.substr(0, host) + url.substr(at + 1);
}

DownloadResult download(const std::string& url, const DownloadOptions& options,
                        std::string_view what, const ProgressSink& progress) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK)
    throw Error(ErrorCode::kUnavailable, "cannot initialise libcurl: {}",
                curl_easy_strerror(global));
  double pause_s = options.backoff_s;
  for (int attempt_number = 1;; ++attempt_number) {
    Attempt attempt = try_once(url, options, what, progress);
    if (!attempt.is_temporary || attempt_number >= options.max_attempts) {
      if (attempt_number > 1 && attempt.result.status != Status::kDone)
        attempt.result.problem += fmt::format(" ({} attempts)", attempt_number);
      return attempt.result;
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(pause_s));
    pause_s *= 2;
  }
}

}  // namespace digitry
