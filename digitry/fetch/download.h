#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "digitry/base/log.h"

namespace digitry {

struct DownloadOptions {
  std::uint64_t max_bytes = 0;    ///< Longer answers are an error.
  double connect_timeout_s = 5;   ///< For name lookup, connection and TLS handshake.
  double stall_timeout_s = 20;    ///< How long the rate may stay below 1 KiB/s.
  double total_timeout_s = 1800;  ///< For a whole attempt.
  int max_attempts = 3;           ///< Attempts after temporary failures.
  double backoff_s = 0.5;         ///< Pause before the second attempt; doubles each time.
};

/// The result of a download.
struct DownloadResult {
  enum class Status {
    kDone,
    kNotFound,     ///< The server does not have the file (any 4xx).
    kFailed,       ///< The server fails: stalls, truncates, answers 5xx or too much.
    kUnreachable,  ///< No connection: do not try other files of this server.
  };
  Status status = Status::kFailed;
  std::string body;
  std::string problem;  ///< Why the download failed.
};

/// Downloads a file over HTTP(S). Follows redirects, verifies certificates, uses the proxies of the
/// environment (http_proxy...) and retries after temporary failures. An exception thrown by
/// `progress` stops the download and is passed on. Throws Error{kUnavailable} if libcurl cannot be
/// initialised; other failures are in the result.
DownloadResult download(const std::string& url, const DownloadOptions& options,
                        std::string_view what, const ProgressSink& progress);

/// `url` without user name and password, for messages.
std::string shown_url(const std::string& url);

}  // namespace digitry
