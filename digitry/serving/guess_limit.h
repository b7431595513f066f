#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

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
