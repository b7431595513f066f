#include <gtest/gtest.h>

#include "digitry/nn/layer.h"
#include "tests/support/errors.h"
#include "tests/support/networks.h"

namespace digitry {
namespace {

constexpr std::int64_t kFactoryClasses = 10;

std::unique_ptr<Layer> make(const Attributes& options) {
  return make_layer(options, kFactoryClasses, "layers[3]");
}

void refuse(const std::vector<std::string>& parts, const Attributes& options) {
  test::expect_error(ErrorCode::kBadData, parts, [&] { make(options); });
}

Attributes with(Attributes options, const std::string& key, AttributeValue value) {
  options[key] = std::move(value);
  return options;
}

TEST(MakeLayer, MakesEachTypeAndTellsItsOptionsAgain) {
  using Text = std::string;
  using Int = std::int64_t;
  const std::vector<Attributes> all{
      with(test::dense(26), "bias", true),
      with(test::dense(26), "bias", false),
      test::dropout(0.25),
      test::flatten(),
      test::relu(),
      {{"type", Text("add")}, {"layers_back", Int{4}}},
      {{"type", Text("avg_pool2d")},
       {"kernel_size", Int{3}},
       {"stride", Int{1}},
       {"padding", Int{1}}},
      {{"type", Text("batch_norm")}, {"momentum", 0.25}, {"epsilon", 0.5}},
      {{"type", Text("conv2d")},
       {"out_channels", Int{8}},
       {"kernel_size", Int{5}},
       {"stride", Int{2}},
       {"padding", Int{3}},
       {"groups", Int{4}},
       {"bias", false}},
      {{"type", Text("gelu")}},
      {{"type", Text("global_avg_pool2d")}},
      {{"type", Text("leaky_relu")}, {"negative_slope", 0.125}},
      {{"type", Text("max_pool2d")},
       {"kernel_size", Int{4}},
       {"stride", Int{3}},
       {"padding", Int{2}}},
      {{"type", Text("crop2d")}, {"border", Int{2}}},
      {{"type", Text("silu")}},
      {{"type", Text("spatial_dropout")}, {"rate", 0.5}},
      {{"type", Text("tanh")}}};
  for (const Attributes& options : all) {
    SCOPED_TRACE(std::get<Text>(options.at("type")));
    const auto layer = make(options);
    Attributes again = layer->attributes();
    again["type"] = layer->type();
    EXPECT_EQ(again, options);
  }
}

TEST(MakeLayer, FillsInDefaults) {
  const auto options = [](const Attributes& given) { return make(given)->attributes(); };
  EXPECT_EQ(options(test::dense(3)).at("bias"), AttributeValue{true});
  const Attributes conv =
      options({{"type", std::string("conv2d")}, {"out_channels", std::int64_t{8}}});
  EXPECT_EQ(conv.at("kernel_size"), AttributeValue{std::int64_t{3}});
  EXPECT_EQ(conv.at("stride"), AttributeValue{std::int64_t{1}});
  EXPECT_EQ(conv.at("padding"), AttributeValue{std::int64_t{0}});
  EXPECT_EQ(conv.at("groups"), AttributeValue{std::int64_t{1}});
  EXPECT_EQ(conv.at("bias"), AttributeValue{true});
  EXPECT_EQ(options(test::layer("batch_norm")), (Attributes{{"momentum", 0.1}, {"epsilon", 1e-5}}));
  EXPECT_EQ(options(with(test::layer("max_pool2d"), "kernel_size", std::int64_t{3})).at("stride"),
            AttributeValue{std::int64_t{3}})
      << "windows side by side";
}

TEST(MakeLayer, ClassesStandsForTheirNumber) {
  const auto layer = make(with(test::dense(1), "out_features", std::string("classes")));
  EXPECT_EQ(layer->output_shape({5}), Shape{kFactoryClasses});
  EXPECT_EQ(layer->attributes().at("out_features"), AttributeValue{kFactoryClasses});
  const auto conv =
      make({{"type", std::string("conv2d")}, {"out_channels", std::string("classes")}});
  EXPECT_EQ(conv->attributes().at("out_channels"), AttributeValue{kFactoryClasses});
}

TEST(MakeLayer, RefusesUnknownTypesNamingTheKnownOnes) {
  refuse({"layers[3]", "'type'",
          "add, avg_pool2d, batch_norm, conv2d, crop2d, dense, dropout, flatten, gelu, "
          "global_avg_pool2d, leaky_relu, max_pool2d, relu, silu, spatial_dropout, tanh",
          "\"dens\""},
         {{"type", std::string("dens")}});
  refuse({"layers[3]: 'type' is missing"}, {});
  refuse({"'type'"}, {{"type", std::int64_t{1}}});
}

TEST(MakeLayer, RefusesUnknownKeys) {
  refuse({"layers[3] (dense)", "unknown key 'units'", "out_features"},
         with(test::dense(1), "units", std::int64_t{3}));
  refuse({"layers[3] (relu)", "unknown key 'slope'"}, with(test::relu(), "slope", 0.1));
  refuse({"layers[3] (flatten)", "unknown key"}, with(test::flatten(), "x", true));
  refuse({"layers[3] (conv2d)", "unknown key 'filters'"},
         with(test::conv2d({}), "filters", std::int64_t{8}));
  refuse({"layers[3] (gelu)", "unknown key 'approximate'"},
         with(test::layer("gelu"), "approximate", true));
}

TEST(MakeLayer, RefusesValuesOutOfRangeOrOfAnotherType) {
  refuse({"layers[3] (dense)", "'out_features' is missing"}, {{"type", std::string("dense")}});
  refuse({"out_features", "an integer from 1", "got 0"}, test::dense(0));
  refuse({"out_features", "got 2000000"}, test::dense(2000000));
  refuse({"out_features", "got -5"}, test::dense(-5));
  refuse({"out_features", "got 2.5"}, with(test::dense(1), "out_features", 2.5));
  refuse({"out_features", "\"class\""}, with(test::dense(1), "out_features", std::string("class")));
  refuse({"layers[3] (dropout)", "'rate'", "from 0 to 0.99", "got 1"}, test::dropout(1));
  refuse({"'rate'", "got -0.1"}, test::dropout(-0.1));
  refuse({"'rate' is missing"}, {{"type", std::string("dropout")}});
  refuse({"'rate'", "true"}, with(test::dropout(0), "rate", true));
}

TEST(MakeLayer, RefusesImpossibleConvolutionsAndPoolings) {
  const auto conv = [](const std::string& key, AttributeValue value) {
    return with({{"type", std::string("conv2d")}, {"out_channels", std::int64_t{8}}}, key,
                std::move(value));
  };
  refuse({"layers[3] (conv2d)", "'out_channels' is missing"}, test::layer("conv2d"));
  refuse({"out_channels", "got 0"}, conv("out_channels", std::int64_t{0}));
  refuse({"out_channels", "got 65537"}, conv("out_channels", std::int64_t{65537}));
  refuse({"kernel_size", "from 1 to 1024", "got 0"}, conv("kernel_size", std::int64_t{0}));
  refuse({"kernel_size", "got 1025"}, conv("kernel_size", std::int64_t{1025}));
  refuse({"kernel_size", "got 2.5"}, conv("kernel_size", 2.5));
  refuse({"stride", "got 0"}, conv("stride", std::int64_t{0}));
  refuse({"padding", "from 0 to 2", "got 3"}, conv("padding", std::int64_t{3}));
  refuse({"padding", "got -1"}, conv("padding", std::int64_t{-1}));
  refuse({"groups", "got 0"}, conv("groups", std::int64_t{0}));
  refuse({"bias"}, conv("bias", std::int64_t{1}));

  const auto pool = test::layer("avg_pool2d");
  refuse({"layers[3] (avg_pool2d)", "kernel_size", "got 0"},
         with(pool, "kernel_size", std::int64_t{0}));
  refuse({"stride", "got -1"}, with(pool, "stride", std::int64_t{-1}));
  // No window may see padding alone.
  refuse({"padding", "from 0 to 1", "got 2"}, with(pool, "padding", std::int64_t{2}));
}

TEST(MakeLayer, RefusesOtherOptionsOutOfRange) {
  const auto norm = test::layer("batch_norm");
  refuse({"layers[3] (batch_norm)", "momentum", "got 1.5"}, with(norm, "momentum", 1.5));
  refuse({"momentum", "got -0.1"}, with(norm, "momentum", -0.1));
  refuse({"epsilon", "got 0"}, with(norm, "epsilon", 0.0));
  refuse({"epsilon", "got 2"}, with(norm, "epsilon", 2.0));
  refuse({"layers[3] (add)", "'layers_back' is missing"}, test::layer("add"));
  refuse({"layers_back", "got 0"}, test::add(0));
  refuse({"layers_back", "got 1001"}, test::add(1001));
  const auto leaky = test::layer("leaky_relu");
  refuse({"layers[3] (leaky_relu)", "negative_slope", "got -1"},
         with(leaky, "negative_slope", -1.0));
  refuse({"negative_slope", "got 1.5"}, with(leaky, "negative_slope", 1.5));
  refuse({"layers[3] (crop2d)", "'border'", "got 0"}, test::crop2d(0));
  refuse({"layers[3] (spatial_dropout)", "'rate'", "got 1"}, test::spatial_dropout(1));
  refuse({"'bias'"}, with(test::dense(1), "bias", std::string("no")));
}

}  // namespace
}  // namespace digitry
