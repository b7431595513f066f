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

// Internal to serving: how often a client may be wrong.

namespace digitry::serving {

struct GuessLimitOptions {
  std::size_t max_wrong = 10;  ///< Wrong guesses of one client within...
  std::chrono::seconds window{60};
  std::size_t max_clients = 1000;  ///< That are remembered; the oldest are forgotten.
};

/// Counts the wrong guesses of each client. May be used from several threads.
class GuessLimit {
 public:
  using Clock = std::chrono::steady_clock;

  explicit GuessLimit(const GuessLimitOptions& options) : options_(options) {}

  /// Whether the client has been wrong too often.
  bool is_reached(std::string_view client, Clock::time_point now) const;
  void add_wrong(std::string_view client, Clock::time_point now);
  std::chrono::seconds window() const { return options_.window; }

 private:
  struct Client {
    std::string name;
    Clock::time_point since;  ///< Of the first wrong guess that counts.
    std::size_t wrong = 0;
  };

  const GuessLimitOptions options_;
  mutable std::mutex mutex_;
  std::deque<Client> clients_;  ///< The oldest first.
};

}  // namespace digitry::serving

// Internal to serving: who may ask. A browser cannot add a token to what it asks for by itself, so
// that the page exchanges it for a cookie.

namespace digitry::serving {

/// A longer body is no token.
inline constexpr std::uint64_t kMaxSessionRequestBytes = 4096;

struct SessionOptions {
  std::string token{};  ///< Empty if none is needed.
  bool secure = false;  ///< Whether cookies go over TLS alone.
  std::chrono::seconds lifetime = std::chrono::hours(12);
  std::size_t max_sessions = 1000;  ///< The oldest ends if there are more.
  GuessLimitOptions guesses{};      ///< Wrong tokens.
};

/// The sessions of a server, which end with it. May be used from several threads.
class Sessions {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Sessions(SessionOptions options);

  /// Whether the request bears the token, in its header "Authorization: Bearer TOKEN", or the
  /// cookie of a session.
  bool bears_token(const Request& request, Clock::time_point now = Clock::now()) const;

  /// The answer to `{"token": "..."}`: with the right one the cookie of a new session, else 401, or
  /// 429 after too many wrong ones. Throws Error{kBadData} if the body is something else.
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
  std::deque<Session> sessions_;  ///< The oldest first.
};

}  // namespace digitry::serving
