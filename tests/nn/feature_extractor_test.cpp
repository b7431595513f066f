#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "digitry/nn/plan/session.h"
#include "tests/reference/reference.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

using test::conv2d;
using test::dense;
using test::flatten;
using test::layer;
using test::max_pool2d;
using test::random_network;
using test::relu;

constexpr std::int64_t kHiddenImages = 7;

std::vector<std::int32_t> all_indices() {
  std::vector<std::int32_t> all(kHiddenImages);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Tensor hidden_images() {
  Tensor images({kHiddenImages, 1, 8, 8}, DType::kU8);
  std::ranges::copy(test::random_pixels(images.num_elements(), 1),
                    images.as<std::uint8_t>().begin());
  return images;
}

Network network_of(const std::vector<Attributes>& layers) {
  return random_network({1, 8, 8}, 3, layers);
}

/// The last dense layer applied to the features must give the logits.
void expect_last_layer_goes_on(const Network& network, std::int64_t expected) {
  const Tensor images = hidden_images();
  FeatureExtractor hidden(network, {});
  ASSERT_EQ(hidden.num_features(), expected);
  EXPECT_EQ(num_features(network), expected);
  const Tensor features = hidden.features(images, all_indices());
  ASSERT_EQ(features.shape(), (Shape{kHiddenImages, expected}));
  const auto parameters = network.parameters();
  std::vector<float> logits(kHiddenImages * 3);
  kernels::reference::dense_forward({kHiddenImages, expected, 3}, features.as<float>(),
                                    parameters[parameters.size() - 2].value.as<float>(),
                                    parameters.back().value.as<float>(), logits);
  Predictor predictor(network, {});
  test::expect_near(predictor.logits(images).as<float>(), logits, 1e-4, 1e-4);
}

TEST(FeatureExtractor, IsWhatTheLastDenseLayerSees) {
  expect_last_layer_goes_on(network_of({flatten(), dense(6), relu(), dense(3)}), 6);
  expect_last_layer_goes_on(network_of({flatten(), dense(9), relu(), test::dropout(0.3), dense(6),
                                        layer("tanh"), test::dropout(0.3), dense(3)}),
                            6);
}

TEST(FeatureExtractor, OfConvolutionalNetworksToo) {
  expect_last_layer_goes_on(
      network_of({conv2d({.out_channels = 4}), relu(), max_pool2d(), flatten(), dense(3)}), 36);
  expect_last_layer_goes_on(
      network_of({conv2d({.out_channels = 4, .padding = 1}), test::batch_norm(), relu(),
                  conv2d({.out_channels = 4, .padding = 1}), test::add(1), flatten(),
                  test::dropout(0.2), dense(3)}),
      256);
}

TEST(FeatureExtractor, OfTheImageItselfWhereNothingComesBefore) {
  expect_last_layer_goes_on(network_of({flatten(), dense(3)}), 64);
  FeatureExtractor hidden(network_of({flatten(), dense(3)}), {.pixel_scale = 2, .pixel_offset = 1});
  EXPECT_EQ(hidden.multiply_adds(), 0);
  const Tensor images = hidden_images();
  const Tensor features = hidden.features(images, std::vector<std::int32_t>{2});
  EXPECT_EQ(features.as<float>()[5],
            2.0F * static_cast<float>(images.as<std::uint8_t>()[2 * 64 + 5]) + 1);
}

TEST(FeatureExtractor, LiesBeforeTheLastWeightsWhateverFollowsThem) {
  // Batch normalisation of the logits, and convolutions to the very end.
  EXPECT_EQ(
      FeatureExtractor(network_of({flatten(), dense(6), relu(), dense(3), test::batch_norm()}), {})
          .num_features(),
      6);
  const Network convolutions =
      network_of({conv2d({.out_channels = 5}), relu(),
                  conv2d({.out_channels = 3, .kernel_size = 1}), layer("global_avg_pool2d")});
  FeatureExtractor hidden(convolutions, {});
  EXPECT_EQ(hidden.num_features(), 5 * 6 * 6);
  EXPECT_EQ(hidden.multiply_adds(), 5 * 6 * 6 * 9);
}

TEST(FeatureExtractor, RefusesImagesOfAnotherSize) {
  for (const auto& layers : {std::vector<Attributes>{flatten(), dense(3)},
                             std::vector<Attributes>{flatten(), dense(4), dense(3)}}) {
    FeatureExtractor hidden(network_of(layers), {});
    const Tensor images({1, 1, 8, 9}, DType::kU8);
    test::expect_error(ErrorCode::kShapeMismatch, {"[1,8,8]", "[1,8,9]"},
                       [&] { hidden.features(images, std::vector<std::int32_t>{0}); });
  }
}

}  // namespace
}  // namespace digitry
