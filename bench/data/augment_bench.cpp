#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>

#include "digitry/augment/augment.h"
#include "digitry/base/parallel.h"
#include "tests/support/values.h"

namespace digitry::bench {
namespace {

// A batch of 128 images of 28×28 bytes to augmented float32 rows, on one thread: the time of one
// image is that of an iteration / 128.
void Augment(benchmark::State& state, const AugmentOptions& options) {
  constexpr std::int64_t kImages = 128;
  constexpr std::int64_t kPixels = 784;
  const ScopedNumThreads one(1);
  Tensor images({kImages, 1, 28, 28}, DType::kU8);
  std::ranges::copy(test::random_pixels(kImages * kPixels, 1), images.as<std::uint8_t>().begin());
  std::vector<std::int32_t> indices(kImages);
  std::iota(indices.begin(), indices.end(), 0);
  std::vector<float> to(static_cast<std::size_t>(kImages * kPixels));
  const Augmenter augmenter(options, {1, 28, 28}, /*seed=*/1);
  std::int64_t epoch = 0;
  for (auto _ : state) {
    augmenter.augment_batch(images, indices, epoch++ % 1000, 1.0F / 255, 0, to);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kImages);
}

constexpr AugmentOptions kAffine{.rotation = 12, .translation = 2, .zoom = 0.1, .shear = 8};
constexpr AugmentOptions kElastic{
    .rotation = 12, .translation = 2, .zoom = 0.1, .shear = 8, .elastic = 1};
constexpr AugmentOptions kAll{.rotation = 12,
                              .translation = 2,
                              .zoom = 0.1,
                              .shear = 8,
                              .elastic = 1,
                              .thickness = 0.4,
                              .erase = 0.2};
BENCHMARK_CAPTURE(Augment, affine, kAffine)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Augment, affine_elastic, kElastic)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Augment, all, kAll)->Unit(benchmark::kMicrosecond);
constexpr AugmentOptions kTones{.rotation = 12,
                                .erase = 0.2,
                                .erase_ink = 1,
                                .clutter = 2,
                                .filter = 0.5,
                                .blur = 1,
                                .background = 0.5,
                                .contrast = 0.5,
                                .invert = 0.2,
                                .noise = 0.2};
BENCHMARK_CAPTURE(Augment, tones, kTones)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace digitry::bench
