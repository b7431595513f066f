#include <cstddef>
#include <vector>

// Reads one element past the end. The optimiser does not know the number of elements.
int main(int argc, char**) {
  const std::vector<int> values(static_cast<std::size_t>(argc) + 3, 7);
  const volatile std::size_t past_the_end = values.size();
  return values.data()[past_the_end] == 7 ? 0 : 1;
}
