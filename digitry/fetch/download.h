#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "digitry/base/log.h"

namespace digitry {

struct DownloadOptions {
  std::uint64_t max_bytes = 0;    ///< Longer answers are cut off and refused.
  double connect_timeout_s = 5;   ///< To look up, connect and agree on encryption.
  double stall_timeout_s = 20;    ///< Time for which less than 1 KiB/s may come in.
  double total_timeout_s = 1800;  ///< One attempt, all in all.
  int max_attempts = 3;           ///< For failures that may pass.
  double backoff_s = 0.5;         ///< Pause before the second attempt; doubles each time.
};

/// How a download ended.
struct DownloadResult {
  enum class Status {
    kDone,
    kNotFound,     ///< The server answers, but not with this file (any 4xx).
    kFailed,       ///< The server answers, but not well: stalls, cuts off, 5xx, too long.
    kUnreachable,  ///< There is no such server, or it does not let us in: try no other file there.
  };
  Status status = Status::kFailed;
  std::string body;
  std::string problem;  ///< Why it is not done, for a person.
};

/// Gets a file by HTTP(S), following redirects; certificates are verified; proxies as the
/// environment has them (http_proxy...). Failures that may pass are tried again. Exceptions thrown
/// by `progress` stop the download and come through.
/// Throws Error{kUnavailable} where libcurl cannot be set up; other failures are in the result.
DownloadResult download(const std::string& url, const DownloadOptions& options,
                        std::string_view what, const ProgressSink& progress);

/// `url` as it may be shown: without the user name and password that it may hold.
std::string shown_url(const std::string& url);

}  // namespace digitry
