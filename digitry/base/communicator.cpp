#include "digitry/base/communicator.h"

#include <fmt/format.h>

#include <exception>
#include <optional>
#include <utility>

namespace digitry {
namespace {

class OneRank : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::string host() const override { return "this machine"; }
  void start_sum(std::span<float> /*values*/) override {}
  void start_sum(std::span<double> /*values*/) override {}
  void finish_sums() override {}
  std::vector<std::string> gather(std::string_view text) override { return {std::string(text)}; }
};

// The outcome of a rank as text: empty, or the error's code and message, and the host.
std::string outcome_of(const std::function<void()>& work, const std::string& host) {
  const auto text = [&](ErrorCode code, const char* message) {
    return fmt::format("{}{}\n{}", static_cast<char>('a' + static_cast<int>(code)), host, message);
  };
  try {
    work();
    return "";
  } catch (const Error& error) {
    return text(error.code(), error.what());
  } catch (const std::exception& error) {
    return text(ErrorCode::kUnavailable, error.what());
  }
}

struct Failure {
  ErrorCode code;
  std::string host;
  std::string message;
};

Failure failure_in(const std::string& outcome) {
  const std::size_t end = outcome.find('\n');
  return {.code = static_cast<ErrorCode>(outcome[0] - 'a'),
          .host = outcome.substr(1, end - 1),
          .message = outcome.substr(end + 1)};
}

}  // namespace

Communicator& one_rank() {
  static OneRank ranks;
  return ranks;
}

void collectively(Communicator& ranks, const std::function<void()>& work) {
  if (ranks.size() == 1) return work();
  const std::vector<std::string> outcomes = ranks.gather(outcome_of(work, ranks.host()));
  std::optional<Failure> first;
  int first_rank = 0;
  bool alike = true;
  for (int rank = 0; rank < ranks.size(); ++rank) {
    const std::string& outcome = outcomes[static_cast<std::size_t>(rank)];
    if (outcome.empty()) {
      alike = false;
      continue;
    }
    Failure failure = failure_in(outcome);
    if (first) {
      alike = alike && failure.message == first->message;
    } else {
      first = std::move(failure);
      first_rank = rank;
    }
  }
  if (!first) return;
  if (alike) throw Error(first->code, first->message);
  throw Error(first->code, "{}: {}", rank_name(first_rank, first->host), first->message);
}

std::string broadcast(Communicator& ranks, std::string_view text) {
  return ranks.gather(ranks.is_first() ? text : std::string_view()).front();
}

void check_same(Communicator& ranks, ErrorCode code, std::string_view what, std::string_view value,
                std::string_view advice) {
  if (ranks.size() == 1) return;
  const std::vector<std::string> values = ranks.gather(value);
  const std::vector<std::string> hosts = ranks.gather(ranks.host());
  for (std::size_t rank = 1; rank < values.size(); ++rank)
    if (values[rank] != values[0])
      throw Error(code, "{}: expected the same {} as {} ({}), found another ({}); {}",
                  rank_name(static_cast<int>(rank), hosts[rank]), what, rank_name(0, hosts[0]),
                  values[0], values[rank], advice);
}

std::string rank_name(int rank, std::string_view host) {
  return fmt::format("rank {} on {}", rank, host);
}

Share share_of(const Communicator& ranks, std::int64_t count) {
  const std::int64_t first = count * ranks.rank() / ranks.size();
  return {.first = first, .count = count * (ranks.rank() + 1) / ranks.size() - first};
}

}  // namespace digitry
