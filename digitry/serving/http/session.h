#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "digitry/serving/http/http.h"

// Internal to serving: authorization by a token or by the cookie of a session. A browser cannot add
// a token to the requests that it makes by itself, so the page exchanges the token for a cookie.

namespace digitry::serving {

struct GuessLimitOptions {
  std::size_t max_wrong = 10;       ///< Wrong guesses allowed per client and window.
  std::chrono::seconds window{60};  ///< Starts with the client's first wrong guess.
  std::size_t max_clients = 1000;   ///< Clients remembered; the oldest is forgotten first.
};

/// Counts the wrong guesses of each client. Thread-safe.
class GuessLimit {
 public:
  using Clock = std::chrono::steady_clock;

  explicit GuessLimit(const GuessLimitOptions& options) : options_(options) {}

  /// Whether the client has made `max_wrong` wrong guesses within the window.
  bool is_reached(std::string_view client, Clock::time_point now) const;
  void add_wrong(std::string_view client, Clock::time_point now);
  std::chrono::seconds window() const { return options_.window; }

 private:
  struct Client {
    std::string name;
    Clock::time_point since;  ///< Time of the first wrong guess in the window.
    std::size_t wrong = 0;
  };

  const GuessLimitOptions options_;
  mutable std::mutex mutex_;
  std::deque<Client> clients_;  ///< Oldest first.
};

/// Limit of the body of a request to /v1/session, bytes.
inline constexpr std::uint64_t kMaxSessionRequestBytes = 4096;

struct SessionOptions {
  std::string token{};  ///< Empty if the server needs no token.
  bool secure = false;  ///< Whether browsers send the cookie over TLS only.
  std::chrono::seconds lifetime = std::chrono::hours(12);
  std::size_t max_sessions = 1000;  ///< If there are more, the oldest session ends.
  GuessLimitOptions guesses{};      ///< Limit of wrong tokens.
};

/// The sessions of a server. They are kept in memory and end with the server. Thread-safe.
class Sessions {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Sessions(SessionOptions options);

  /// Whether the request has the token (header "Authorization: Bearer TOKEN") or the cookie of a
  /// session that has not ended.
  bool is_authorized(const Request& request, Clock::time_point now = Clock::now()) const;

  /// Answers `{"token": "..."}`: 200 and the cookie of a new session if the token is right, 401 if
  /// it is wrong, 429 after too many wrong tokens from this client. Throws Error{kBadData} if the
  /// body is anything else, Error{kUnavailable} if the system has no random numbers.
  Response begin(const Request& request, Clock::time_point now = Clock::now());

 private:
  using Id = std::array<unsigned char, 32>;
  struct Session {
    Id id{};
    Clock::time_point end;
  };

  bool is_session(std::string_view cookie, Clock::time_point now) const;
  std::string add_session(Clock::time_point now);

  const SessionOptions options_;
  GuessLimit guesses_;
  mutable std::mutex mutex_;
  std::deque<Session> sessions_;  ///< Oldest first.
};

}  // namespace digitry::serving
