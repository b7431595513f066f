#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "digitry/base/parallel.h"
#include "digitry/corruption/corruption.h"
#include "tests/support/values.h"

namespace digitry::bench {
namespace {

// 128 images of 28×28 bytes corrupted, on one thread: the time of one image is that of an
// iteration / 128.
void Corrupt(benchmark::State& state, Corruption corruption) {
  constexpr std::int64_t kImages = 128;
  const ScopedNumThreads one(1);
  Tensor images({kImages, 1, 28, 28}, DType::kU8);
  std::ranges::copy(test::random_pixels(images.num_elements(), 1),
                    images.as<std::uint8_t>().begin());
  std::uint64_t seed = 0;
  for (auto _ : state) benchmark::DoNotOptimize(corrupt_images(images, corruption, seed++));
  state.SetItemsProcessed(state.iterations() * kImages);
}

const bool kRegisteredCorruptions = [] {
  for (const Corruption corruption : all_corruptions())
    benchmark::RegisterBenchmark(
        (std::string("Corrupt/") + to_string(corruption)).c_str(),
        [corruption](benchmark::State& state) { Corrupt(state, corruption); })
        ->Unit(benchmark::kMicrosecond);
  return true;
}();

}  // namespace
}  // namespace digitry::bench
