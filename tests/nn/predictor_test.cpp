#include <gtest/gtest.h>

#include <algorithm>

#include "digitry/nn/plan/session.h"
#include "tests/reference/reference.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

using test::dense;
using test::expect_error;
using test::flatten;

constexpr std::int64_t kClasses = 4;

Network dense_network(std::uint64_t seed = 1) {
  return test::random_network({1, 3, 5}, kClasses, {flatten(), dense(kClasses)}, seed);
}

Tensor some_images(std::int64_t count) {
  Tensor images({count, 1, 3, 5}, DType::kU8);
  std::ranges::copy(test::random_pixels(count * 15, 1), images.as<std::uint8_t>().begin());
  return images;
}

// Reference logits with the default preprocessing.
std::vector<float> want_logits(const Network& network, const Tensor& images) {
  std::vector<float> input;
  for (const std::uint8_t pixel : images.as<std::uint8_t>())
    input.push_back(static_cast<float>(pixel) / 255.0F);
  const std::int64_t count = images.shape()[0];
  std::vector<float> logits(static_cast<std::size_t>(count * kClasses));
  kernels::reference::dense_forward({count, 15, kClasses}, input,
                                    network.parameters()[0].value.as<float>(),
                                    network.parameters()[1].value.as<float>(), logits);
  return logits;
}

TEST(Predictor, CutsAnyNumberOfImagesIntoBatches) {
  const Network network = dense_network();
  Predictor predictor(network, {}, 8);
  for (const std::int64_t count : {1, 7, 8, 9, 31}) {
    const Tensor images = some_images(count);
    const Tensor logits = predictor.logits(images);
    EXPECT_EQ(logits.shape(), (Shape{count, kClasses}));
    test::expect_near(logits.as<float>(), want_logits(network, images), 1e-5, 1e-5);
  }
}

TEST(Predictor, TakesTheImagesAsked) {
  const Network network = dense_network();
  Predictor predictor(network, {}, 4);
  const Tensor images = some_images(20);
  const auto all = want_logits(network, images);
  const std::vector<std::int32_t> indices{19, 3, 3, 0, 7};
  const Tensor logits = predictor.logits(images, indices);
  for (std::size_t i = 0; i < indices.size(); ++i)
    test::expect_near(
        logits.as<float>().subspan(i * kClasses, kClasses),
        std::span(all).subspan(static_cast<std::size_t>(indices[i]) * kClasses, kClasses), 1e-5,
        1e-5);
  EXPECT_EQ(predictor.logits(images, {}).shape(), (Shape{0, kClasses}));
}

TEST(Predictor, TakesPixelsAsFloatsToo) {
  const Tensor bytes = some_images(9);
  Tensor floats(bytes.shape(), DType::kF32);
  std::ranges::copy(bytes.as<std::uint8_t>(), floats.as<float>().begin());
  Predictor predictor(dense_network(), {.pixel_scale = 0.3F, .pixel_offset = -0.7F}, 4);
  const Tensor want = predictor.logits(bytes);
  const Tensor got = predictor.logits(floats);
  EXPECT_TRUE(test::same_bits(got.as<float>(), want.as<float>()));
}

TEST(Predictor, FollowsTheNetworkOnlyWhenTold) {
  const Network one = dense_network(1);
  const Network two = dense_network(2);
  const Tensor images = some_images(5);
  Predictor predictor(one, {});
  predictor.update(two);
  test::expect_near(predictor.logits(images).as<float>(), want_logits(two, images), 1e-5, 1e-5);
}

TEST(Predictor, RefusesImagesOfAnotherShapeAndNetworksWithoutWeights) {
  Predictor predictor(dense_network(), {});
  expect_error(ErrorCode::kShapeMismatch, {"[1,3,5]", "[1,5,3]"}, [&] {
    predictor.logits(Tensor({2, 1, 5, 3}, DType::kU8));
  });
  expect_error(ErrorCode::kShapeMismatch, {"[1,3,5]"}, [&] { predictor.logits(Tensor()); });
  expect_error(ErrorCode::kShapeMismatch, {"expected 2 parameters, got 0"}, [] {
    Predictor(Network({1, 3, 5}, kClasses, {flatten(), dense(kClasses)}), {});
  });
}

}  // namespace
}  // namespace digitry
