#include "digitry/augment/pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "digitry/augment/symbols.h"
#include "digitry/augment/written_line.h"
#include "digitry/base/parallel.h"
#include "tests/support/errors.h"

namespace digitry::test {
namespace {

// Ten "digits": a bar of ten heights with a foot, as 28×28 images.
struct Bars {
  Tensor images{{10, 1, 28, 28}, DType::kU8};
  std::vector<std::int32_t> labels;
  Bars() {
    const auto pixels = images.as<std::uint8_t>();
    for (std::size_t i = 0; i < 10; ++i) {
      labels.push_back(static_cast<std::int32_t>(i));
      for (std::size_t y = 4; y < 24; ++y)
        for (std::size_t x = 12; x < 15; ++x) pixels[i * 784 + y * 28 + x] = 255;
      for (std::size_t x = 9; x < 10 + i; ++x)
        for (std::size_t y = 20; y < 23; ++y) pixels[i * 784 + y * 28 + x] = 255;
    }
  }
};

struct Pieces {
  std::vector<float> pixels;
  std::vector<std::int32_t> labels;
  bool operator==(const Pieces&) const = default;
};

Pieces make(const PieceOptions& options, std::int64_t count, std::int64_t epoch = 0,
            std::uint64_t seed = 1) {
  const Bars bars;
  const PieceMaker maker(options, bars.images, bars.labels, bars.labels, 10, seed);
  std::vector<std::int32_t> indices;
  for (std::int64_t i = 0; i < count; ++i) indices.push_back(static_cast<std::int32_t>(i % 10));
  Pieces made{std::vector<float>(static_cast<std::size_t>(count * 784)),
              std::vector<std::int32_t>(static_cast<std::size_t>(count))};
  maker.make_batch(indices, epoch, 1, 0, made.pixels, made.labels);
  return made;
}

constexpr PieceOptions kUsual{.strings = 0.6, .symbols = 0.2};

TEST(Pieces, AreTheSameForAnyNumberOfThreadsAndAnyBatch) {
  set_num_threads(1);
  const Pieces alone = make(kUsual, 10);
  set_num_threads(4);
  EXPECT_EQ(make(kUsual, 10), alone);
  set_num_threads(0);
  const Bars bars;
  const PieceMaker maker(kUsual, bars.images, bars.labels, bars.labels, 10, 1);
  std::vector<std::uint8_t> pixels(784);
  EXPECT_EQ(maker.make(7, 0, pixels), alone.labels[7]);
  EXPECT_TRUE(std::equal(pixels.begin(), pixels.end(), alone.pixels.begin() + 7 * 784));
}

TEST(Pieces, DifferByEpochAndSeed) {
  const Pieces first = make(kUsual, 10);
  EXPECT_NE(make(kUsual, 10, 1).pixels, first.pixels);
  EXPECT_NE(make(kUsual, 10, 0, 2).pixels, first.pixels);
}

TEST(Pieces, AreDigitsAndOthersWithInkInRange) {
  std::vector<int> counts(11);
  for (std::int64_t epoch = 0; epoch < 60; ++epoch) {
    const Pieces made = make(kUsual, 10, epoch);
    for (const std::int32_t label : made.labels) {
      ASSERT_GE(label, 0);
      ASSERT_LE(label, 10);
      ++counts[static_cast<std::size_t>(label)];
    }
    for (std::size_t i = 0; i < 10; ++i) {
      const auto piece = std::span(made.pixels).subspan(i * 784, 784);
      ASSERT_GE(std::ranges::min(piece), 0);
      ASSERT_EQ(std::ranges::max(piece), 255) << "the darkest pixel of a piece";
    }
  }
  EXPECT_GT(std::ranges::min(counts), 5) << "of each label";
  EXPECT_GT(counts[10], 150);
  EXPECT_LT(counts[10], 400);
}

TEST(Pieces, WithoutStringsAreMostlyWholeDigits) {
  const Pieces made = make({.strings = 0, .symbols = 1e-9}, 1000);
  std::int64_t own = 0;
  for (std::size_t i = 0; i < made.labels.size(); ++i)
    own += made.labels[i] == static_cast<std::int32_t>(i % 10) ? 1 : 0;
  EXPECT_GT(own, 700);
}

TEST(Pieces, OfSymbolsAloneAreAllOthers) {
  const Pieces made = make({.strings = 0, .symbols = 1}, 100);
  EXPECT_GT(std::ranges::count(made.labels, 10), 95);
}

TEST(Pieces, OfDrawnDigitsDoNotNeedTheImages) {
  Bars bars;
  std::ranges::fill(bars.images.as<std::uint8_t>(), std::uint8_t{0});
  const PieceMaker maker({.strings = 0, .symbols = 1e-9, .drawn = 1}, bars.images, bars.labels,
                         bars.labels, 10, 1);
  std::vector<std::uint8_t> pixels(784);
  int own = 0;
  for (std::int64_t epoch = 0; epoch < 10; ++epoch)
    for (std::int32_t i = 0; i < 10; ++i) {
      own += maker.make(i, epoch, pixels) == i ? 1 : 0;
      ASSERT_EQ(std::ranges::max(pixels), 255);
    }
  EXPECT_GT(own, 60);
}

// The same line with and without large pixels: its ink is averaged, and blocks repeat.
TEST(WrittenLine, MayBeOfFewLargePixels) {
  const Bars bars;
  const DigitSource source{bars.images, bars.labels, bars.labels, 10};
  WrittenLine fine(source);
  WrittenLine coarse(source);
  int changed = 0;
  int like = 0;
  for (std::uint32_t i = 0; i < 30; ++i) {
    RandomStream random(3, RandomPurpose::kTest, i);
    RandomStream same(3, RandomPurpose::kTest, i);
    fine.write({.strings = 1}, 4, random);
    coarse.write({.strings = 1, .coarse = 1}, 4, same);
    ASSERT_EQ(coarse.width(), fine.width());
    changed += std::ranges::equal(coarse.ink(), fine.ink()) ? 0 : 1;
    const double sum = std::reduce(fine.ink().begin(), fine.ink().end(), 0.0);
    const double averaged = std::reduce(coarse.ink().begin(), coarse.ink().end(), 0.0);
    like += averaged > 0.9 * sum && averaged < 1.1 * sum ? 1 : 0;
    ASSERT_GE(std::ranges::min(coarse.ink()), 0);
    ASSERT_LE(std::ranges::max(coarse.ink()), 1.001F);
  }
  EXPECT_EQ(changed, 30);
  EXPECT_GE(like, 15) << "two of three lines stay grey";
}

TEST(Pieces, AreOffByDefault) {
  EXPECT_FALSE(PieceOptions().any());
  EXPECT_TRUE(to_attributes(PieceOptions()).empty());
  const PieceOptions all{
      .strings = 0.6, .symbols = 0.2, .deform = 1.5, .drawn = 0.1, .coarse = 0.3};
  EXPECT_EQ(read_piece_options(to_attributes(all), "here"), all);
}

TEST(Pieces, RejectWhatTheyCannotBeMadeOf) {
  expect_error(ErrorCode::kBadData, {"here", "'strings'"}, [] {
    read_piece_options({{"strings", 1.5}}, "here");
  });
  expect_error(ErrorCode::kBadData, {"here", "'stings'"}, [] {
    read_piece_options({{"stings", 0.5}}, "here");
  });
  const Bars bars;
  const Tensor small({1, 1, 8, 8}, DType::kU8);
  expect_error(ErrorCode::kShapeMismatch, {"[1,28,28]", "[1,8,8]"},
               [&] { PieceMaker(kUsual, small, bars.labels, bars.labels, 10, 1); });
  expect_error(ErrorCode::kInvalidArgument, {"at least one image"},
               [&] { PieceMaker(kUsual, bars.images, bars.labels, {}, 10, 1); });
}

TEST(DrawnDigits, HaveInkWithinTheirHeightAndDiffer) {
  std::set<std::vector<std::uint8_t>> seen;
  for (std::uint32_t i = 0; i < 300; ++i) {
    RandomStream random(6, RandomPurpose::kTest, i);
    std::vector<std::uint8_t> ink(48 * 48, 7);
    draw_digit(static_cast<std::int32_t>(i % 10), 48, 24, random, ink);
    EXPECT_GT(std::accumulate(ink.begin(), ink.end(), 0), 255) << i;
    EXPECT_EQ(std::accumulate(ink.begin(), ink.begin() + 4 * 48, 0), 0) << i;
    EXPECT_EQ(std::accumulate(ink.end() - 4 * 48, ink.end(), 0), 0) << i;
    seen.insert(ink);
  }
  EXPECT_EQ(seen.size(), 300u);
}

TEST(Symbols, HaveInkAndDiffer) {
  std::set<std::vector<std::uint8_t>> seen;
  for (std::uint32_t i = 0; i < 300; ++i) {
    RandomStream random(5, RandomPurpose::kTest, i);
    std::vector<std::uint8_t> ink(48 * 48, 7);
    draw_symbol(48, 30, random, ink);
    EXPECT_GT(std::accumulate(ink.begin(), ink.end(), 0), 255) << i;
    seen.insert(ink);
  }
  EXPECT_GT(seen.size(), 295u);
}

}  // namespace
}  // namespace digitry::test
