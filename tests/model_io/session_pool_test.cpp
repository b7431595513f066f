#include "digitry/model_io/session_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

// Which batches are planned for a number of images.

namespace digitry {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

std::vector<std::int64_t> sizes(std::size_t count, std::int64_t max_batch, int threads) {
  std::vector<std::int64_t> sizes;
  std::size_t next = 0;
  for (const ImageBatch& batch : image_batches(count, max_batch, threads)) {
    EXPECT_EQ(batch.first, next) << count;
    EXPECT_GT(batch.count, 0U);
    EXPECT_LE(batch.count, static_cast<std::size_t>(batch.size));
    next += batch.count;
    sizes.push_back(batch.size);
  }
  EXPECT_EQ(next, count);
  return sizes;
}

TEST(ImageBatches, AreAtLeastThreeQuartersFull) {
  EXPECT_THAT(sizes(0, 500, 1), ElementsAre());
  EXPECT_THAT(sizes(1, 500, 1), ElementsAre(1));
  EXPECT_THAT(sizes(6, 500, 1), ElementsAre(1, 1, 1, 1, 1, 1));
  EXPECT_THAT(sizes(7, 500, 1), ElementsAre(8));
  EXPECT_THAT(sizes(17, 500, 1), ElementsAre(8, 8, 1));
  EXPECT_THAT(sizes(24, 32, 1), ElementsAre(8, 8, 8));
  EXPECT_THAT(sizes(25, 32, 1), ElementsAre(32));
  EXPECT_THAT(sizes(500, 500, 1), ElementsAre(500));
}

TEST(ImageBatches, AreSmallEnoughForEveryThreadToHaveTwo) {
  EXPECT_THAT(sizes(2 * 3 * 128, 500, 3), ElementsAre(128, 128, 128, 128, 128, 128));
  EXPECT_THAT(sizes(2 * 3 * 128 - 1, 500, 3), Each(32));
  EXPECT_THAT(sizes(10'000, 500, 64), ::testing::Not(::testing::Contains(::testing::Gt(32))));
  EXPECT_THAT(sizes(150, 20, 3), ::testing::Contains(20)) << "no more than the maximum";
}

}  // namespace
}  // namespace digitry
