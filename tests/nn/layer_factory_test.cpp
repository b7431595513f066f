#include <gtest/gtest.h>

#include "digitry/nn/layer.h"
#include "tests/support/errors.h"
#include "tests/support/networks.h"

namespace digitry {
namespace {

constexpr std::int64_t kClasses = 10;

std::unique_ptr<Layer> make(const Options& options) {
  return make_layer(options, kClasses, "layers[3]");
}

void refuse(const std::vector<std::string>& parts, const Options& options) {
  test::expect_error(ErrorCode::kBadData, parts, [&] { make(options); });
}

Options with(Options options, const std::string& key, OptionValue value) {
  options[key] = std::move(value);
  return options;
}

TEST(MakeLayer, MakesEachTypeAndTellsItsOptionsAgain) {
  for (const Options& options :
       {test::dense(26), test::dropout(0.25), test::flatten(), test::relu()}) {
    const auto layer = make(options);
    Options again = layer->options();
    again["type"] = layer->type();
    EXPECT_EQ(again, options);
  }
}

TEST(MakeLayer, ClassesStandsForTheirNumber) {
  const auto layer = make(with(test::dense(1), "out_features", std::string("classes")));
  EXPECT_EQ(layer->output_shape({5}), Shape{kClasses});
  EXPECT_EQ(layer->options().at("out_features"), OptionValue{kClasses});
}

TEST(MakeLayer, RefusesUnknownTypesNamingTheKnownOnes) {
  refuse({"layers[3]", "'type'", "dense, dropout, flatten, relu", "\"dens\""},
         {{"type", std::string("dens")}});
  refuse({"layers[3]: 'type' is missing"}, {});
  refuse({"'type'"}, {{"type", std::int64_t{1}}});
}

TEST(MakeLayer, RefusesUnknownKeys) {
  refuse({"layers[3] (dense)", "unknown key 'units'", "out_features"},
         with(test::dense(1), "units", std::int64_t{3}));
  refuse({"layers[3] (relu)", "unknown key 'slope'"}, with(test::relu(), "slope", 0.1));
  refuse({"layers[3] (flatten)", "unknown key"}, with(test::flatten(), "x", true));
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

}  // namespace
}  // namespace digitry
