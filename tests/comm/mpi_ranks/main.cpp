#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "digitry/comm/mpi.h"

// A program that mpirun starts several times. Prints the first difference to what it expects of
// connect_by_mpi, and exits with status 1.

namespace {

using digitry::Communicator;

void expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "expected: %s\n", what);
  std::exit(1);
}

std::string bytes_of(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

void check_sums(Communicator& ranks) {
  // Thirds: another order of the additions gives other bits.
  std::vector<float> large(300'000);
  std::vector<float> small{1, static_cast<float>(ranks.rank())};
  std::vector<double> doubles{0.5};
  for (std::size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<float>(i % 7 + static_cast<std::size_t>(ranks.rank()) + 1) / 3;
  std::vector<float> again = large;
  ranks.start_sum(large);
  ranks.start_sum(small);
  ranks.start_sum(doubles);
  ranks.start_sum(std::span<float>());
  ranks.finish_sums();
  const auto n = static_cast<float>(ranks.size());
  expect(small == std::vector<float>{n, n * (n - 1) / 2}, "the sum of two values");
  expect(doubles[0] == 0.5 * ranks.size(), "the sum of a double");
  for (std::size_t i = 0; i < large.size(); ++i) {
    const float sum = (n * static_cast<float>(i % 7) + n * (n + 1) / 2) / 3;
    expect(std::abs(large[i] - sum) < 1e-5F * sum, "the sum of each of many values");
  }
  ranks.start_sum(again);
  ranks.finish_sums();
  expect(again == large, "the same bits twice");
  for (const std::string& bytes : ranks.gather(bytes_of(large)))
    expect(bytes == bytes_of(large), "the same bits on all ranks");
}

void check_gather(Communicator& ranks) {
  const std::vector<std::string> texts =
      ranks.gather(std::string(static_cast<std::size_t>(1000 * ranks.rank()), 'x') + '\0');
  expect(std::ssize(texts) == ranks.size(), "one text per rank");
  for (std::size_t rank = 0; rank < texts.size(); ++rank)
    expect(texts[rank].size() == 1000 * rank + 1 && texts[rank].back() == '\0', "texts of ranks");
  expect(ranks.gather("").back().empty(), "empty texts");
  expect(digitry::broadcast(ranks, std::to_string(ranks.rank())) == "0", "the first rank's text");
}

}  // namespace

int main(int argc, char** argv) {
  const auto ranks = digitry::connect_by_mpi();
  if (argc > 1 && std::string(argv[1]) == "alone") {
    // One rank gives up; the others wait for it.
    if (ranks->rank() == 1) ranks->end_all_ranks(7);
    ranks->gather("");
  }
  expect(argc > 1 && std::to_string(ranks->size()) == argv[1], "as many ranks as were started");
  check_sums(*ranks);
  check_gather(*ranks);
  {
    const auto group = ranks->split(ranks->rank() % 2);
    expect(group->rank() == ranks->rank() / 2, "the order of the ranks in a group");
    check_sums(*group);
    check_gather(*group);
  }
  if (ranks->is_first()) std::puts("as expected");
  return ranks->finish() ? 0 : 1;
}
