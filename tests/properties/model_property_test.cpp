#include <gtest/gtest.h>

#include "digitry/model_io/model.h"
#include "tests/properties/generated.h"
#include "tests/support/near.h"

namespace digitry {
namespace {

void expect_same(const Tensor& got, const Tensor& want) {
  ASSERT_EQ(got.shape().to_string(), want.shape().to_string());
  ASSERT_EQ(got.dtype(), want.dtype());
  ASSERT_TRUE(want.empty() || test::same_bits(got.as<float>(), want.as<float>()));
}

void expect_same(const Member& got, const Member& want) {
  EXPECT_EQ(got.network.layer_attributes(), want.network.layer_attributes());
  EXPECT_EQ(got.network.num_classes(), want.network.num_classes());
  EXPECT_EQ(got.temperature, want.temperature);
  expect_same(got.prototypes, want.prototypes);
  const auto got_parameters = got.network.parameters();
  const auto want_parameters = want.network.parameters();
  ASSERT_EQ(got_parameters.size(), want_parameters.size());
  for (std::size_t i = 0; i < want_parameters.size(); ++i) {
    EXPECT_EQ(got_parameters[i].name, want_parameters[i].name);
    expect_same(got_parameters[i].value, want_parameters[i].value);
  }
}

std::string architectures(const Model& model) {
  std::string text;
  for (const Member& member : model.members)
    text += to_text(test::Architecture{.image = model.input_shape(),
                                       .num_classes = member.network.num_classes(),
                                       .layers = member.network.layer_attributes()});
  return text;
}

TEST(ModelProperty, ModelFromBytesTakesBackWhatModelToBytesWrote) {
  for (const std::uint64_t seed : test::seeds(150)) {
    test::Draw draw(seed);
    const Model model = test::generated_model(draw);
    SCOPED_TRACE(test::described(seed, architectures(model)));
    const std::string bytes = model_to_bytes(model);
    Model read;
    ASSERT_NO_THROW(read = model_from_bytes(bytes, "generated"));
    EXPECT_EQ(read.input_shape().to_string(), model.input_shape().to_string());
    ASSERT_EQ(read.members.size(), model.members.size());
    for (std::size_t i = 0; i < model.members.size(); ++i)
      expect_same(read.members[i], model.members[i]);
    EXPECT_EQ(read.preprocessing, model.preprocessing);
    EXPECT_EQ(read.tta, model.tta);
    EXPECT_EQ(read.class_names, model.class_names);
    EXPECT_EQ(read.provenance, model.provenance);
    EXPECT_EQ(read.temperature, model.temperature);
    EXPECT_EQ(read.rejection_threshold, model.rejection_threshold);
    ASSERT_EQ(model_to_bytes(read), bytes);
    if (testing::Test::HasFailure()) return;  // One case is enough to read.
  }
}

}  // namespace
}  // namespace digitry
