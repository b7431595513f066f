#include "digitry/nn/network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"

namespace digitry {
namespace {

using test::dense;
using test::dropout;
using test::expect_error;
using test::flatten;
using test::relu;

const std::vector<Attributes> kDenseLayers{flatten(), dense(32), relu(), dropout(0.2), dense(10)};

TEST(Network, SumsUpItsLayers) {
  const Network network({1, 8, 8}, 10, kDenseLayers);
  const auto rows = network.summary();
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].name, "0 flatten");
  EXPECT_EQ(rows[0].output_shape, Shape{64});
  EXPECT_EQ(rows[1].name, "1 dense");
  EXPECT_EQ(rows[1].num_parameters, 64 * 32 + 32);
  EXPECT_EQ(rows[1].multiply_adds, 64 * 32);
  EXPECT_EQ(rows[3].num_parameters, 0);
  EXPECT_EQ(rows[4].output_shape, Shape{10});
  EXPECT_EQ(network.num_parameters(), 64 * 32 + 32 + 32 * 10 + 10);
  EXPECT_EQ(network.layer_attributes().size(), 5u);
  EXPECT_TRUE(network.parameters().empty()) << "before initialize";
}

TEST(Network, CountsOnlyWhatAnOptimizerMoves) {
  const Network network(
      {3, 8, 8}, 10,
      {test::conv2d({.out_channels = 6, .padding = 1, .groups = 3, .bias = false}),
       test::batch_norm(), relu(), test::max_pool2d(), test::layer("global_avg_pool2d"),
       dense(10)});
  const auto rows = network.summary();
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0].num_parameters, 6 * 9);
  EXPECT_EQ(rows[0].multiply_adds, 6 * 8 * 8 * 9);
  EXPECT_EQ(rows[1].num_parameters, 2 * 6) << "weight and bias, not the running statistics";
  EXPECT_EQ(rows[1].output_shape, (Shape{6, 8, 8}));
  EXPECT_EQ(rows[3].output_shape, (Shape{6, 4, 4}));
  EXPECT_EQ(rows[4].output_shape, Shape{6});
  EXPECT_EQ(network.num_parameters(), 6 * 9 + 2 * 6 + 6 * 10 + 10);
}

TEST(Network, BatchNormStartsAsTheIdentity) {
  Network network({4}, 4, {test::batch_norm()});
  network.initialize(1);
  const std::vector<std::pair<std::string, float>> want{
      {"0.weight", 1.0F}, {"0.bias", 0.0F}, {"0.running_mean", 0.0F}, {"0.running_var", 1.0F}};
  ASSERT_EQ(network.parameters().size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(network.parameters()[i].name, want[i].first);
    for (const float value : network.parameters()[i].value.as<float>())
      EXPECT_EQ(value, want[i].second);
  }
}

TEST(Network, InitialWeightsAreHeNormalAndAFunctionOfTheSeed) {
  const auto initialized = [](std::uint64_t seed) {
    Network network({1, 20, 20}, 10, {flatten(), dense(300), relu(), dense(10)});
    network.initialize(seed);
    return network;
  };
  const Network network = initialized(1);
  const auto weight = network.parameters()[0].value.as<float>();
  EXPECT_EQ(network.parameters()[0].name, "1.weight");
  double sum = 0;
  double squares = 0;
  for (const double w : weight) {
    sum += w;
    squares += w * w;
  }
  const auto n = static_cast<double>(weight.size());
  const double variance = 2.0 / 400;
  EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(variance / n));
  EXPECT_NEAR(squares / n, variance, 5 * variance * std::sqrt(2 / n));
  EXPECT_EQ(network.parameters()[1].name, "1.bias");
  for (const float bias : network.parameters()[1].value.as<float>()) EXPECT_EQ(bias, 0);

  EXPECT_TRUE(test::same_bits(weight, initialized(1).parameters()[0].value.as<float>()));
  EXPECT_FALSE(test::same_bits(weight, initialized(2).parameters()[0].value.as<float>()));
  EXPECT_NE(weight[0], network.parameters()[2].value.as<float>()[0]) << "one stream a parameter";
}

TEST(Network, SaysWhichLayerDoesNotFitAndWhatItWants) {
  expect_error(ErrorCode::kShapeMismatch,
               {"layers[0]", "dense: expected [features], got [1,28,28]", "flatten"}, [] {
                 Network({1, 28, 28}, 10, {dense(10)});
               });
  expect_error(ErrorCode::kShapeMismatch, {"[10]", "got [12]", "classes"}, [] {
    Network({1, 28, 28}, 10, {flatten(), dense(12)});
  });
  expect_error(ErrorCode::kBadData, {"layers", "1 to 1000", "got 0"}, [] {
    Network({1, 28, 28}, 10, {});
  });
  expect_error(ErrorCode::kBadData, {"layers", "got 1001"}, [] {
    Network({1, 28, 28}, 10, std::vector<Attributes>(1001, relu()));
  });
  expect_error(ErrorCode::kBadData, {"layers[2]"}, [] {
    Network({4}, 10, {dense(4), relu(), {{"type", std::string("x")}}});
  });
}

TEST(Network, SaysWhichLayerOfImagesDoesNotFit) {
  const auto conv = test::conv2d({.out_channels = 8, .kernel_size = 5});
  expect_error(ErrorCode::kShapeMismatch,
               {"layers[2]", "conv2d: expected [channels, height ≥ 5, width ≥ 5], got [8,4,4]"},
               [&] {
                 Network({1, 12, 12}, 10, {conv, test::max_pool2d(), conv});
               });
  expect_error(ErrorCode::kShapeMismatch, {"layers[1]", "max_pool2d", "got [10]"}, [] {
    Network({4}, 10, {dense(10), test::max_pool2d()});
  });
  expect_error(ErrorCode::kShapeMismatch, {"layers[0]", "global_avg_pool2d", "got [4]"}, [] {
    Network({4}, 10, {test::layer("global_avg_pool2d"), dense(10)});
  });
  expect_error(ErrorCode::kShapeMismatch, {"layers[1]", "dense: expected [features], got [8,8,8]"},
               [&] {
                 Network({1, 12, 12}, 10, {conv, dense(10)});
               });
}

TEST(Network, RefusesMoreParametersThanItCouldTrain) {
  expect_error(ErrorCode::kBadData, {"layers[1]", "268435456 parameters"}, [] {
    Network({1, 1, 1 << 20}, 10, {flatten(), dense(1 << 20), relu(), dense(10)});
  });
}

TEST(Network, RefusesToBeWithoutParameters) {
  expect_error(ErrorCode::kBadData, {"layers", "parameters"}, [] {
    Network({1, 2, 5}, 10, {flatten(), relu()});
  });
}

TEST(Network, SetParametersTakesThemInAnyOrder) {
  Network one = test::random_network({1, 8, 8}, 10, kDenseLayers);
  std::vector<Parameter> reversed;
  for (const Parameter& parameter : one.parameters())
    reversed.insert(reversed.begin(), {parameter.name, parameter.value.clone()});
  Network two({1, 8, 8}, 10, kDenseLayers);
  two.set_parameters(std::move(reversed));
  for (std::size_t i = 0; i < one.parameters().size(); ++i) {
    EXPECT_EQ(one.parameters()[i].name, two.parameters()[i].name);
    EXPECT_TRUE(test::same_bits(one.parameters()[i].value.as<float>(),
                                two.parameters()[i].value.as<float>()));
  }
}

TEST(Network, SetParametersRefusesOthers) {
  Network network({4}, 3, {dense(3)});
  const auto parameters = [](const std::string& name, const Shape& shape, DType dtype) {
    std::vector<Parameter> made;
    made.push_back({name, Tensor(shape, dtype)});
    made.push_back({"0.bias", Tensor({3}, DType::kF32)});
    return made;
  };
  const auto refuse = [&](const std::vector<std::string>& parts, std::vector<Parameter> given) {
    expect_error(ErrorCode::kShapeMismatch, parts,
                 [&] { network.set_parameters(std::move(given)); });
  };
  refuse({"expected 2 parameters, got 0"}, {});
  refuse({"'0.weight' is missing"}, parameters("0.wait", {3, 4}, DType::kF32));
  refuse({"'0.weight': expected f32 [3,4], got f32 [4,3]"},
         parameters("0.weight", {4, 3}, DType::kF32));
  refuse({"expected f32 [3,4], got u8 [3,4]"}, parameters("0.weight", {3, 4}, DType::kU8));
  network.set_parameters(parameters("0.weight", {3, 4}, DType::kF32));
}

}  // namespace
}  // namespace digitry
