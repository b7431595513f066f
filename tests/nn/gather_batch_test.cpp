#include <gtest/gtest.h>

#include <algorithm>

#include "digitry/base/parallel.h"
#include "digitry/nn/plan/session.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

TEST(GatherBatch, PutsScaledImagesInTheOrderOfTheIndices) {
  constexpr std::int64_t kImages = 100;
  constexpr std::size_t kPixels = 35;
  Tensor images({kImages, 1, 5, 7}, DType::kU8);
  std::ranges::copy(test::random_pixels(kImages * 35, 1), images.as<std::uint8_t>().begin());
  std::vector<std::int32_t> indices;
  for (std::int32_t i = 0; i < 77; ++i)
    indices.push_back(static_cast<std::int32_t>(i * 13 % kImages));

  std::vector<float> want;
  for (const std::int32_t index : indices)
    for (std::size_t p = 0; p < kPixels; ++p)
      want.push_back(static_cast<float>(
          images.as<std::uint8_t>()[static_cast<std::size_t>(index) * kPixels + p] * 0.5 - 3));
  for (const int threads : {1, 2, 3}) {
    const ScopedNumThreads scope(threads);
    std::vector<float> got(want.size());
    gather_batch(images, indices, {.pixel_scale = 0.5F, .pixel_offset = -3}, got);
    EXPECT_EQ(got, want);
  }
  gather_batch(images, {}, {}, {});
}

}  // namespace
}  // namespace digitry
