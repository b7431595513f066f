#include "digitry/evaluation/occlusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

namespace digitry::test {
namespace {

using testing::Each;

constexpr std::int64_t kSide = 6;
constexpr std::int64_t kArea = kSide * kSide;

/// One linear layer, so that the effect of hiding a patch is known.
Network linear_network() { return random_network({1, kSide, kSide}, 3, {flatten(), dense(3)}); }

Tensor image_of(const std::vector<std::uint8_t>& pixels, std::int64_t count = 1) {
  Tensor images({count, 1, kSide, kSide}, DType::kU8);
  std::ranges::copy(pixels, images.as<std::uint8_t>().end() - kArea);
  return images;
}

/// A dark border of `background`, random inside.
std::vector<std::uint8_t> framed(std::uint8_t background) {
  std::vector<std::uint8_t> pixels = random_pixels(kArea, 1);
  for (std::int64_t i = 0; i < kArea; ++i)
    if (i / kSide % (kSide - 1) == 0 || i % kSide % (kSide - 1) == 0)
      pixels[static_cast<std::size_t>(i)] = background;
  return pixels;
}

/// Of patches that begin at `starts` along both sides.
std::vector<double> wanted_map(const Network& network, const std::vector<std::uint8_t>& pixels,
                               std::uint8_t background, const Contrast& contrast,
                               const std::vector<std::int64_t>& starts, std::int64_t size) {
  const auto weight = network.parameters()[0].value.as<float>();
  const auto spoke = [&](std::int64_t i) {
    const double w = double{weight[static_cast<std::size_t>(contrast.answer * kArea + i)]} -
                     double{weight[static_cast<std::size_t>(contrast.rival * kArea + i)]};
    return w * (pixels[static_cast<std::size_t>(i)] - background) / 255.0;
  };
  std::vector<double> sums(kArea), counts(kArea);
  for (const std::int64_t top : starts)
    for (const std::int64_t left : starts) {
      double taken = 0;
      std::vector<std::size_t> inside;
      for (std::int64_t row = top; row < top + size; ++row)
        for (std::int64_t column = left; column < left + size; ++column) {
          taken += spoke(row * kSide + column);
          inside.push_back(static_cast<std::size_t>(row * kSide + column));
        }
      for (const std::size_t i : inside) {
        sums[i] += taken;
        counts[i] += 1;
      }
    }
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] /= counts[i];
  return sums;
}

TEST(OcclusionMaps, AreTheMeanOfWhatHidingTakes) {
  const Network network = linear_network();
  Predictor predictor(network, {});
  for (const std::uint8_t background : {std::uint8_t{0}, std::uint8_t{255}}) {
    const std::vector<std::uint8_t> pixels = framed(background);
    const Tensor images = image_of(pixels, 2);
    const std::vector<Contrast> contrasts{{.image_index = 1, .answer = 2, .rival = 0},
                                          {.image_index = 1, .answer = 0, .rival = 1}};
    // With a stride of 3 the last column is only in the patch at the border.
    for (const auto& [patch, starts] :
         {std::pair(OcclusionPatch{.size = 2, .stride = 2}, std::vector<std::int64_t>{0, 2, 4}),
          std::pair(OcclusionPatch{.size = 3, .stride = 2}, std::vector<std::int64_t>{0, 2, 3}),
          std::pair(OcclusionPatch{.size = 1, .stride = 1},
                    std::vector<std::int64_t>{0, 1, 2, 3, 4, 5})}) {
      const Tensor maps = occlusion_maps(logits_by(predictor), images, contrasts, patch);
      ASSERT_EQ(maps.shape(), (Shape{2, kSide, kSide}));
      for (std::size_t m = 0; m < contrasts.size(); ++m) {
        const auto want = wanted_map(network, pixels, background, contrasts[m], starts, patch.size);
        for (std::size_t i = 0; i < want.size(); ++i)
          EXPECT_NEAR(maps.as<float>()[m * kArea + i], want[i], 1e-4) << m << " at " << i;
      }
    }
  }
}

TEST(OcclusionMaps, TheBackgroundSaysNothingAndTheRivalTheOpposite) {
  Predictor predictor(random_network({1, kSide, kSide}, 3, {flatten(), dense(8), relu(), dense(3)}),
                      {});
  const OcclusionPatch patch{.size = 1, .stride = 1};
  const Tensor empty = image_of(std::vector<std::uint8_t>(kArea, 9));
  const Contrast first{.image_index = 0, .answer = 0, .rival = 1};
  EXPECT_THAT(occlusion_maps(logits_by(predictor), empty, std::span(&first, 1), patch).as<float>(),
              Each(0));

  const std::vector<std::uint8_t> pixels = framed(0);
  const std::vector<Contrast> both{first, {.image_index = 0, .answer = 1, .rival = 0}};
  const Tensor maps = occlusion_maps(logits_by(predictor), image_of(pixels), both, patch);
  for (std::size_t i = 0; i < kArea; ++i) {
    EXPECT_EQ(maps.as<float>()[i], -maps.as<float>()[kArea + i]);
    EXPECT_TRUE(pixels[i] != 0 || maps.as<float>()[i] == 0) << i;
  }
}

TEST(OcclusionMaps, OfManyTrialsAreCutIntoBatches) {
  // 36 trials each of 40 images are more than are classified at once.
  const Network network = linear_network();
  Predictor predictor(network, {});
  Tensor images({40, 1, kSide, kSide}, DType::kU8);
  std::ranges::copy(random_pixels(images.num_elements(), 2), images.as<std::uint8_t>().begin());
  std::vector<Contrast> contrasts;
  for (std::int32_t i = 0; i < 40; ++i)
    contrasts.push_back({.image_index = i, .answer = i % 3, .rival = (i + 1) % 3});
  const OcclusionPatch patch{.size = 1, .stride = 1};
  const Tensor together = occlusion_maps(logits_by(predictor), images, contrasts, patch);
  const Tensor last =
      occlusion_maps(logits_by(predictor), images, std::span(contrasts).last(1), patch);
  for (std::size_t i = 0; i < kArea; ++i)
    EXPECT_NEAR(together.as<float>()[39 * kArea + i], last.as<float>()[i], 1e-5);
}

TEST(OcclusionMaps, RefuseWhatIsOutOfRange) {
  Predictor predictor(linear_network(), {});
  const Tensor images = image_of(framed(0));
  const auto maps = [&](const Contrast& contrast, const OcclusionPatch& patch) {
    return [&, contrast, patch] {
      occlusion_maps(logits_by(predictor), images, std::span(&contrast, 1), patch);
    };
  };
  const OcclusionPatch patch{.size = 2, .stride = 1};
  expect_error(ErrorCode::kInvalidArgument, {"image index of 0 to 0, got 1"},
               maps({.image_index = 1, .answer = 0, .rival = 1}, patch));
  expect_error(ErrorCode::kInvalidArgument, {"class indices of 0 to 2, got 0 and 3"},
               maps({.image_index = 0, .answer = 0, .rival = 3}, patch));
  for (const OcclusionPatch& bad :
       {OcclusionPatch{.size = 7, .stride = 1}, OcclusionPatch{.size = 0, .stride = 1},
        OcclusionPatch{.size = 2, .stride = 3}})
    expect_error(ErrorCode::kInvalidArgument, {"1 to 6 pixels"},
                 maps({.image_index = 0, .answer = 0, .rival = 1}, bad));
  const Contrast contrast{.image_index = 0, .answer = 0, .rival = 1};
  expect_error(ErrorCode::kShapeMismatch, {"[1,6,6]"}, [&] {
    occlusion_maps(logits_by(predictor), Tensor({1, 1, 6, 7}, DType::kU8), std::span(&contrast, 1),
                   patch);
  });
}

TEST(ContrastOf, ComparesWithTheAskedElseTheTrueElseTheSecondClass) {
  const std::array logits{0.5F, 3.0F, -1.0F, 2.0F};
  const auto rival = [&](std::optional<std::int32_t> label, std::optional<std::int32_t> asked) {
    const Contrast contrast = contrast_of(7, logits, label, asked);
    EXPECT_EQ(contrast.image_index, 7);
    EXPECT_EQ(contrast.answer, 1);
    return contrast.rival;
  };
  EXPECT_EQ(rival({}, {}), 3);
  EXPECT_EQ(rival(1, {}), 3);
  EXPECT_EQ(rival(2, {}), 2);
  EXPECT_EQ(rival(2, 0), 0);
  EXPECT_EQ(rival(2, 1), 2);
  EXPECT_EQ(contrast_of(0, std::array{1.0F, 1.0F}, {}, {}).answer, 0);  // The first of equal ones.
  expect_error(ErrorCode::kInvalidArgument, {"at least two classes, found 1"},
               [] { contrast_of(0, std::array{1.0F}, {}, {}); });
}

TEST(DefaultPatch, FitsTheImage) {
  EXPECT_EQ(default_patch({1, 28, 28}).size, 4);
  EXPECT_EQ(default_patch({1, 28, 28}).stride, 2);
  EXPECT_EQ(default_patch({1, 3, 200}).size, 1);
  EXPECT_EQ(default_patch({1, 3, 200}).stride, 1);
}

}  // namespace
}  // namespace digitry::test
