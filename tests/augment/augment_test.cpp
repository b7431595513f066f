#include "digitry/augment/augment.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <string>

#include "digitry/base/parallel.h"
#include "tests/data/test_files.h"
#include "tests/reference/augment.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

using ::digitry::test::expect_error;
using ::digitry::test::plainly_augmented;

constexpr AugmentOptions kEverything{.rotation = 40,
                                     .translation = 3,
                                     .zoom = 0.3,
                                     .shear = 20,
                                     .elastic = 1.5,
                                     .elastic_sigma = 3,
                                     .thickness = 0.7,
                                     .erase = 0.5,
                                     .erase_area = 0.3};

Tensor random_images(const Shape& shape) {
  Tensor images(shape, DType::kU8);
  std::ranges::copy(test::random_pixels(images.num_elements(), 1),
                    images.as<std::uint8_t>().begin());
  return images;
}

// Blurred discs in the middle: no ink near the border.
Tensor discs(std::int64_t count, std::int64_t side) {
  Tensor images({count, 1, side, side}, DType::kU8);
  const auto pixels = images.as<std::uint8_t>();
  const double center = static_cast<double>(side - 1) / 2;
  for (std::int64_t i = 0; i < images.num_elements(); ++i) {
    const double x = static_cast<double>(i % side) - center;
    const double y = static_cast<double>(i / side % side) - center;
    const double edge = static_cast<double>(side) / 5 - std::hypot(x, y);
    pixels[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(std::lround(255 * std::clamp(edge, 0.0, 1.0)));
  }
  return images;
}

std::vector<std::int32_t> all_of(const Tensor& images) {
  std::vector<std::int32_t> indices(static_cast<std::size_t>(images.shape()[0]));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

std::vector<float> augmented(const AugmentOptions& options, const Tensor& images,
                             std::span<const std::int32_t> indices, std::int64_t epoch = 0,
                             std::uint64_t seed = 1) {
  const Shape shape = images.shape().without_batch();
  std::vector<float> to(indices.size() * static_cast<std::size_t>(shape.num_elements()));
  Augmenter(options, shape, seed).augment_batch(images, indices, epoch, 1, 0, to);
  return to;
}

std::vector<float> augmented(const AugmentOptions& options, const Tensor& images,
                             std::int64_t epoch = 0, std::uint64_t seed = 1) {
  return augmented(options, images, all_of(images), epoch, seed);
}

std::vector<float> pixels_of(const Tensor& images) {
  const auto pixels = images.as<std::uint8_t>();
  return {pixels.begin(), pixels.end()};
}

const std::vector<Shape> kShapes{{3, 1, 28, 28}, {2, 3, 9, 17}, {2, 1, 33, 5},
                                 {2, 2, 1, 1},   {2, 1, 1, 40}, {1, 1, 70, 64}};

TEST(Augment, OffLeavesPixelsExactlyAsTheyAre) {
  EXPECT_FALSE(AugmentOptions().any());
  for (const Shape& shape : kShapes) {
    const Tensor images = random_images(shape);
    EXPECT_EQ(augmented({}, images), pixels_of(images)) << shape.to_string();
  }
}

Tensor mirrored(const Tensor& images) {
  Tensor result(images.shape(), DType::kU8);
  const auto width = static_cast<std::ptrdiff_t>(images.shape()[3]);
  const auto from = images.as<std::uint8_t>();
  const auto to = result.as<std::uint8_t>();
  for (std::ptrdiff_t row = 0; row < std::ssize(from); row += width)
    std::reverse_copy(from.begin() + row, from.begin() + row + width, to.begin() + row);
  return result;
}

TEST(Augment, FlipsBeforeAllElse) {
  for (const Shape& shape : kShapes) {
    const Tensor images = random_images(shape);
    EXPECT_EQ(augmented({.flip = 1}, images), pixels_of(mirrored(images))) << shape.to_string();
    AugmentOptions options = kEverything;
    options.elastic = 0;
    const std::vector<float> want = augmented(options, images);
    options.flip = 1;
    test::expect_near(augmented(options, mirrored(images)), want, 0.02, 0);
  }
}

TEST(Augment, FlipsAsOftenAsAsked) {
  const Tensor image = random_images({1, 1, 4, 4});
  const std::vector<std::int32_t> first{0};
  int flipped = 0;
  for (std::int64_t epoch = 0; epoch < 2000; ++epoch)
    flipped += augmented({.flip = 0.3}, image, first, epoch) != pixels_of(image);
  EXPECT_NEAR(flipped, 600, 80) << "four standard deviations";
}

TEST(Augment, ScalesPixelsOnTheWay) {
  const Tensor images = random_images({2, 1, 5, 7});
  std::vector<float> to(70);
  Augmenter({}, {1, 5, 7}, 1).augment_batch(images, all_of(images), 0, 0.5F, -3, to);
  std::vector<float> want = pixels_of(images);
  for (float& value : want) value = value * 0.5F - 3;
  EXPECT_EQ(to, want);
  // Pixels from outside the image and erased pixels are the scaled background value 0.
  const AugmentOptions gone{.erase = 1, .erase_area = 1};
  Augmenter(gone, {1, 5, 7}, 1).augment_batch(images, all_of(images), 0, 0.5F, -3, to);
  EXPECT_THAT(to, ::testing::Contains(-3.0F));
}

TEST(Augment, AgreesWithAPlainReference) {
  AugmentOptions smooth = kEverything;
  smooth.elastic_sigma = 30;
  AugmentOptions affine = kEverything;
  affine.elastic = affine.thickness = affine.erase = 0;
  AugmentOptions wild = kEverything;
  wild.rotation = 180;
  wild.translation = 50;
  wild.elastic = 20;
  wild.elastic_sigma = 1;
  wild.thickness = 1;
  for (const AugmentOptions& options : {kEverything, smooth, affine, wild})
    for (const Shape& shape : kShapes) {
      SCOPED_TRACE(shape.to_string());
      const Tensor images = random_images(shape);
      for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
        std::vector<float> want;
        for (const std::int32_t index : all_of(images))
          for (const double value : plainly_augmented(options, 1, epoch, images, index))
            want.push_back(static_cast<float>(value));
        // Coordinates are float32: an error of 1e-5 pixels, times at most 255 per pixel.
        test::expect_near(augmented(options, images, epoch), want, 0.02, 0);
      }
    }
}

constexpr AugmentOptions kTones{.rotation = 20,
                                .elastic = 1,
                                .erase = 0.5,
                                .erase_ink = 1,
                                .clutter = 2,
                                .filter = 0.5,
                                .blur = 1,
                                .background = 0.5,
                                .contrast = 0.5,
                                .invert = 0.3,
                                .noise = 0.2};

TEST(Augment, ScalesTonesOnTheWay) {
  for (const Shape& shape : kShapes) {
    const Tensor images = random_images(shape);
    const std::vector<float> plain = augmented(kTones, images);
    for (const float value : plain) EXPECT_TRUE(value >= 0 && value <= 255.001F);
    std::vector<float> to(plain.size());
    Augmenter(kTones, shape.without_batch(), 1)
        .augment_batch(images, all_of(images), 0, 0.5F, -3, to);
    std::vector<float> want = plain;
    for (float& value : want) value = value * 0.5F - 3;
    test::expect_near(to, want, 1e-4, 1e-6);
  }
}

TEST(Augment, TonesDependNeitherOnThreadsNorOnTheBatch) {
  const Tensor images = random_images({40, 1, 12, 11});
  const std::vector<float> want = augmented(kTones, images, 3);
  for (const int threads : {1, 2, 5}) {
    const ScopedNumThreads scope(threads);
    EXPECT_TRUE(test::same_bits(augmented(kTones, images, 3), want)) << threads;
  }
  const std::vector<std::int32_t> some{30, 3, 30};
  const std::vector<float> picked = augmented(kTones, images, some, 3);
  for (std::size_t i = 0; i < some.size(); ++i)
    EXPECT_TRUE(
        test::same_bits(std::span(picked).subspan(i * 132, 132),
                        std::span(want).subspan(static_cast<std::size_t>(some[i]) * 132, 132)));
}

TEST(Augment, FillsWhatItErases) {
  const AugmentOptions gone{.erase = 1, .erase_area = 1, .erase_ink = 1};
  const Tensor black({200, 1, 10, 10}, DType::kU8);
  const std::vector<float> filled = augmented(gone, black);
  const float most = *std::ranges::max_element(filled);
  EXPECT_GT(most, 250);
  EXPECT_LE(most, 255);
}

TEST(Augment, DependsNeitherOnThreadsNorOnTheBatch) {
  const Tensor images = random_images({61, 1, 12, 11});
  const std::vector<float> want = augmented(kEverything, images, 3);
  for (const int threads : {1, 2, 5}) {
    const ScopedNumThreads scope(threads);
    EXPECT_TRUE(test::same_bits(augmented(kEverything, images, 3), want)) << threads;
  }
  std::vector<std::int32_t> order = all_of(images);
  RandomStream random(1, RandomPurpose::kTest);
  shuffle(order, random);
  const std::vector<float> shuffled = augmented(kEverything, images, order, 3);
  const std::vector<float> one = augmented(kEverything, images, std::span(order).first(1), 3);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::span expected =
        std::span(want).subspan(static_cast<std::size_t>(order[i]) * 132, 132);
    EXPECT_TRUE(test::same_bits(std::span(shuffled).subspan(i * 132, 132), expected)) << i;
    if (i == 0) {
      EXPECT_TRUE(test::same_bits(one, expected));
    }
  }
}

TEST(Augment, IsAnotherForEachEpochImageAndSeed) {
  // The same image twice.
  const Tensor images = discs(2, 28);
  const std::vector<float> first = augmented(kEverything, images, /*epoch=*/0);
  EXPECT_EQ(augmented(kEverything, images, 0), first);
  EXPECT_NE(augmented(kEverything, images, 1), first);
  EXPECT_NE(augmented(kEverything, images, 0, /*seed=*/2), first);
  EXPECT_FALSE(test::same_bits(std::span(first).first(784), std::span(first).subspan(784)));
}

TEST(Augment, EachOptionAloneChangesImages) {
  const Tensor images = random_images({8, 1, 28, 28});
  for (const AugmentRule& rule : augment_rules()) {
    AugmentOptions options;
    options.*rule.member = std::min(rule.high, 10.0);
    const std::string key = rule.key;
    const std::set<std::string> mere_details{"elastic_sigma", "erase_area", "erase_ink",
                                             "filter_size"};
    const bool on = !mere_details.contains(key);
    EXPECT_EQ(options.any(), on) << key;
    EXPECT_EQ(augmented(options, images) != pixels_of(images), on) << key;
  }
}

TEST(Augment, KeepsInkRoughly) {
  const Tensor images = discs(200, 28);
  const auto mean = [](const std::vector<float>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  const double want = mean(pixels_of(images));
  AugmentOptions options{.rotation = 180, .translation = 4};
  EXPECT_NEAR(mean(augmented(options, images)), want, 0.01 * want);
  options.shear = 15;
  options.elastic = 1;
  options.zoom = 0.1;
  options.thickness = 0.5;
  EXPECT_NEAR(mean(augmented(options, images)), want, 0.05 * want);
  for (const float value : augmented(options, images)) {
    ASSERT_GE(value, 0);
    ASSERT_LE(value, 255.01F);
  }
}

TEST(Augment, RefusesBadOptionsHoweverTheyCome) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const AugmentRule& rule : augment_rules()) {
    for (const double bad : {rule.low - 0.1, rule.high * 1.01, kNan, HUGE_VAL}) {
      AugmentOptions options;
      options.*rule.member = bad;
      expect_error(ErrorCode::kInvalidArgument, {"augmentation", rule.key}, [&] {
        const Augmenter made(options, {1, 4, 4}, 1);
      });
      expect_error(ErrorCode::kBadData, {"r.toml: [augmentation]", rule.key}, [&] {
        read_augment_options({{rule.key, bad}}, "r.toml: [augmentation]");
      });
    }
    for (const double good : {rule.low, rule.high}) {
      AugmentOptions options;
      options.*rule.member = good;
      const Augmenter made(options, {1, 4, 4}, 1);
      EXPECT_EQ(read_augment_options({{rule.key, good}}, "").*rule.member, good);
    }
  }
  expect_error(ErrorCode::kBadData, {"[augmentation]", "unknown key 'rotate'", "rotation"}, [] {
    read_augment_options({{"rotate", 3.0}}, "[augmentation]");
  });
  expect_error(ErrorCode::kBadData, {"'zoom'", "expected a number", "\"much\""}, [] {
    read_augment_options({{"zoom", std::string("much")}}, "x");
  });
}

TEST(Augment, OptionsSurviveTheWayThereAndBack) {
  EXPECT_TRUE(to_attributes({}).empty());
  EXPECT_EQ(read_augment_options({}, ""), AugmentOptions());
  EXPECT_EQ(read_augment_options(to_attributes(kEverything), ""), kEverything);
  EXPECT_EQ(read_augment_options({{"rotation", std::int64_t{15}}}, "").rotation, 15);
}

TEST(Augment, RefusesOtherShapes) {
  expect_error(ErrorCode::kShapeMismatch, {"[28,28]"}, [] { Augmenter({}, {28, 28}, 1); });
  expect_error(ErrorCode::kShapeMismatch, {"[1,0,28]"}, [] { Augmenter({}, {1, 0, 28}, 1); });
  const Augmenter augmenter({}, {1, 4, 4}, 1);
  std::vector<float> to(16);
  const std::vector<std::int32_t> one{0};
  const Tensor other({1, 1, 4, 5}, DType::kU8);
  expect_error(ErrorCode::kShapeMismatch, {"[1,4,4]", "[1,1,4,5]"},
               [&] { augmenter.augment_batch(other, one, 0, 1, 0, to); });
  const Tensor images({1, 1, 4, 4}, DType::kU8);
  expect_error(ErrorCode::kShapeMismatch, {"16 values"},
               [&] { augmenter.augment_batch(images, one, 0, 1, 0, std::span(to).first(15)); });
  augmenter.augment_batch(images, {}, 0, 1, 0, {});
}

TEST(PreviewAugmentation, PutsVersionsBehindEachOriginal) {
  const Tensor images = random_images({4, 1, 6, 5});
  const Augmenter augmenter(kEverything, {1, 6, 5}, 1);
  const std::vector<std::int32_t> shown{2, 0};
  const Tensor preview = preview_augmentation(augmenter, images, shown, /*first_epoch=*/7, 3);
  ASSERT_EQ(preview.shape(), (Shape{8, 1, 6, 5}));
  const std::vector<float> got = pixels_of(preview);
  for (std::size_t i = 0; i < shown.size(); ++i)
    for (std::size_t version = 0; version < 4; ++version) {
      const auto index = std::span(shown).subspan(i, 1);
      const std::vector<float> want =
          version == 0
              ? augmented({}, images, index)
              : augmented(kEverything, images, index, 6 + static_cast<std::int64_t>(version));
      test::expect_near(std::span(got).subspan((i * 4 + version) * 30, 30), want, 0.5001, 0);
    }
}

}  // namespace
}  // namespace digitry
