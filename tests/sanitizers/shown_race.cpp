#include <string_view>
#include <vector>

#include "digitry/base/parallel.h"

// Sums on two threads into two variables, or with --race into the same one.
int main(int argc, char** argv) {
  const bool race = argc > 1 && std::string_view(argv[1]) == "--race";
  constexpr int kCount = 100'000;
  digitry::set_num_threads(2);
  std::vector<int> values(kCount, 1);
  std::vector<int> sums(kCount, 0);
  digitry::parallel_for(kCount, 1, [&](std::int64_t begin, std::int64_t end) {
    int& sum = sums[static_cast<std::size_t>(race ? 0 : begin)];
    for (std::int64_t i = begin; i < end; ++i) sum += values[static_cast<std::size_t>(i)];
  });
  int total = 0;
  for (const int sum : sums) total += sum;
  return race || total == kCount ? 0 : 1;
}
