#include "digitry/serving/guess_limit.h"

#include <algorithm>

namespace digitry::serving {

bool GuessLimit::is_reached(std::string_view client, Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(clients_, [&](const Client& one) {
    return one.name == client && now - one.since < options_.window &&
           one.wrong >= options_.max_wrong;
  });
}

void GuessLimit::add_wrong(std::string_view client, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(clients_, [&](const Client& one) { return now - one.since >= options_.window; });
  auto found = std::ranges::find(clients_, client, &Client::name);
  if (found == clients_.end()) {
    if (clients_.size() >= options_.max_clients) clients_.pop_front();
    clients_.push_back({.name = std::string(client), .since = now, .wrong = 0});
    found = clients_.end() - 1;
  }
  ++found->wrong;
}

}  // namespace digitry::serving
