#include "digitry/model_io/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tests/support/errors.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

Tensor floats(const Shape& shape, std::uint32_t stream) {
  Tensor tensor(shape, DType::kF32);
  std::ranges::copy(test::random_values(shape.num_elements(), stream), tensor.as<float>().begin());
  return tensor;
}

TEST(Safetensors, ReadsWhatItWrote) {
  const Tensor weight = floats({3, 5}, 1);
  const Tensor scalar = floats({}, 2);
  const Tensor none({0, 7}, DType::kF32);
  Tensor pixels({2, 1, 3}, DType::kU8);
  std::ranges::copy(test::random_pixels(6, 1), pixels.as<std::uint8_t>().begin());
  const std::map<std::string, std::string> metadata{{"a", "1"},
                                                    {"quote \"", "line\nnext \xC3\xA9"}};

  const std::string bytes = to_safetensors(
      metadata, {{"weight", &weight}, {"scalar", &scalar}, {"none", &none}, {"pixels", &pixels}});
  const Safetensors file = parse_safetensors(bytes, "here");
  EXPECT_EQ(file.metadata, metadata);
  ASSERT_EQ(file.tensors.size(), 4u);
  const std::vector<const Tensor*> written{&weight, &scalar, &none, &pixels};
  const std::vector<std::string> names{"weight", "scalar", "none", "pixels"};
  for (std::size_t i = 0; i < written.size(); ++i) {
    const Tensor& read = file.tensors[i].value;
    EXPECT_EQ(file.tensors[i].name, names[i]);
    EXPECT_EQ(read.shape(), written[i]->shape());
    EXPECT_EQ(read.dtype(), written[i]->dtype());
    ASSERT_EQ(read.num_bytes(), written[i]->num_bytes());
    EXPECT_EQ(std::memcmp(read.data(), written[i]->data(), read.num_bytes()), 0) << names[i];
  }
}

// docs/model_format.md shows these bytes.
TEST(Safetensors, AreTheBytesOfTheFormat) {
  Tensor bias({2}, DType::kF32);
  bias.as<float>()[0] = 1.0F;
  bias.as<float>()[1] = -2.0F;
  const std::string bytes = to_safetensors({{"k", "v"}}, {{"b", &bias}});
  const std::string json =
      R"({"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  // Padded by spaces so that the data begin at a multiple of 64.
  const std::string header = json + std::string(120 - json.size(), ' ');
  const std::string data("\x00\x00\x80\x3F\x00\x00\x00\xC0", 8);
  EXPECT_EQ(bytes, test::safetensors_bytes(header, data));
}

TEST(Safetensors, DataBeginAtAMultipleOf64) {
  const Tensor tensor = floats({3}, 1);
  for (std::size_t length = 1; length < 130; ++length) {
    const std::string bytes = to_safetensors({{"k", std::string(length, 'x')}}, {{"t", &tensor}});
    EXPECT_EQ((bytes.size() - tensor.num_bytes()) % 64, 0u);
    parse_safetensors(bytes, "here");
  }
}

TEST(Safetensors, MayBeWithoutMetadataOrTensors) {
  const Safetensors file = parse_safetensors(to_safetensors({}, {}), "here");
  EXPECT_TRUE(file.metadata.empty());
  EXPECT_TRUE(file.tensors.empty());
  EXPECT_EQ(parse_safetensors(test::safetensors_bytes("{}"), "here").tensors.size(), 0u);
}

TEST(Safetensors, TakesTensorsInAnyOrderOfTheirData) {
  const Safetensors file = parse_safetensors(
      test::safetensors_bytes(R"({"late":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},)"
                              R"("early":{"data_offsets":[0,1],"shape":[1],"dtype":"U8"}})",
                              "abc"),
      "here");
  ASSERT_EQ(file.tensors.size(), 2u);
  EXPECT_EQ(file.tensors[0].name, "late");
  EXPECT_EQ(file.tensors[0].value.as<std::uint8_t>()[1], 'c');
  EXPECT_EQ(file.tensors[1].value.as<std::uint8_t>()[0], 'a');
}

TEST(Safetensors, SaysWhichMetadataAreMissing) {
  const Safetensors file = parse_safetensors(to_safetensors({{"a", "1"}}, {}), "here");
  EXPECT_EQ(file.metadata_at("a", "here"), "1");
  test::expect_error(ErrorCode::kBadData, {"here", "'b'", "__metadata__"},
                     [&] { file.metadata_at("b", "here"); });
}

// A name that is not UTF-8, which file systems allow, must not result in an unreadable file.
TEST(Safetensors, ReplacesBytesThatAreNotText) {
  const Safetensors file = parse_safetensors(to_safetensors({{"a", "x\xFFy"}}, {}), "here");
  EXPECT_EQ(file.metadata.at("a"), "x\xEF\xBF\xBDy");
}

}  // namespace
}  // namespace digitry
