#include "digitry/model_io/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "digitry/base/file.h"
#include "digitry/model_io/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/near.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

TEST(Model, ComesBackWithEverythingAndComputesTheSameBits) {
  const test::TemporaryFolder folder;
  const Model model = test::small_model();
  save_model(model, folder / "m.safetensors");
  const Model read = load_model(folder / "m.safetensors");
  EXPECT_EQ(read.class_names, model.class_names);
  EXPECT_EQ(read.provenance, model.provenance);
  EXPECT_EQ(read.preprocessing.pixel_scale, model.preprocessing.pixel_scale);
  EXPECT_EQ(read.preprocessing.pixel_offset, model.preprocessing.pixel_offset);
  EXPECT_EQ(read.temperature, 1.3F);
  EXPECT_EQ(read.rejection_threshold, 0.75F);
  EXPECT_EQ(read.input_shape(), model.input_shape());
  EXPECT_EQ(read.members.front().network.layer_attributes(),
            model.members.front().network.layer_attributes());
  EXPECT_TRUE(
      test::same_bits(test::logits_of(read).as<float>(), test::logits_of(model).as<float>()));
  EXPECT_EQ(model_to_bytes(read), read_file(folder / "m.safetensors", 1 << 20))
      << "written again, the same file";
  EXPECT_THAT(folder.names(), ::testing::ElementsAre("m.safetensors"));
}

TEST(Model, KeepsWhatIsFamiliarToIt) {
  Model model = test::small_model();
  Tensor prototypes({2, 5}, DType::kF32);
  std::ranges::copy(test::random_values(10, 3), prototypes.as<float>().begin());
  model.members.front().prototypes = prototypes.clone();
  const Model read = model_from_bytes(model_to_bytes(model), "m");
  EXPECT_TRUE(test::same_bits(read.members.front().prototypes.as<float>(), prototypes.as<float>()));
  model.members.push_back(std::move(test::small_model(2).members.front()));
  const Model two = model_from_bytes(model_to_bytes(model), "m");
  EXPECT_EQ(two.members[0].prototypes.shape(), (Shape{2, 5}));
  EXPECT_TRUE(two.members[1].prototypes.empty());
}

TEST(Model, DescribesItselfInItsMetadata) {
  const Safetensors file = parse_safetensors(model_to_bytes(test::small_model()), "m");
  EXPECT_EQ(file.metadata.at("digitry.format"), "1");
  EXPECT_EQ(
      file.metadata.at("digitry.architecture"),
      R"({"input_shape":[1,4,4],"layers":[{"type":"flatten"},)"
      R"({"bias":true,"out_features":5,"type":"dense"},{"type":"relu"},{"rate":0.25,"type":"dropout"},)"
      R"({"bias":true,"out_features":3,"type":"dense"}]})");
  EXPECT_EQ(file.metadata.at("digitry.classes"),
            "{\"names\":[\"zero\",\"one \\\"1\\\"\",\"zwei \xC3\xA4\"]}");
  ASSERT_EQ(file.tensors.size(), 4u);
  EXPECT_EQ(file.tensors[0].name, "1.weight");
  EXPECT_EQ(file.tensors[0].value.shape(), (Shape{5, 16}));
  EXPECT_EQ(file.tensors[3].name, "4.bias");
}

TEST(Model, WithoutACalibrationTakesLogitsAsTheyAre) {
  Safetensors file = parse_safetensors(model_to_bytes(test::small_model()), "m");
  EXPECT_EQ(file.metadata.at("digitry.calibration"),
            R"({"temperature":1.2999999523162842,"rejection_threshold":0.75})");
  file.metadata.erase("digitry.calibration");
  std::vector<std::pair<std::string, const Tensor*>> tensors;
  for (const NamedTensor& tensor : file.tensors) tensors.emplace_back(tensor.name, &tensor.value);
  EXPECT_EQ(model_from_bytes(to_safetensors(file.metadata, tensors), "m").temperature, 1);
}

TEST(Model, TellsItsFileInErrors) {
  const test::TemporaryFolder folder;
  test::expect_error(ErrorCode::kBadData, {"absent.safetensors", "No such file"},
                     [&] { load_model(folder / "absent.safetensors"); });
  const std::string bytes = model_to_bytes(test::small_model());
  write_file_atomically(folder / "cut", bytes.substr(0, bytes.size() - 1));
  test::expect_error(ErrorCode::kBadData, {"/cut: ", "truncated"},
                     [&] { load_model(folder / "cut"); });
}

// Every prefix of a file is rejected, and every file with extra bytes.
TEST(Model, IsRefusedWhereverItIsCut) {
  const std::string bytes = model_to_bytes(test::small_model());
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_THROW(model_from_bytes(std::string_view(bytes).substr(0, size), "m"), Error) << size;
  EXPECT_THROW(model_from_bytes(bytes + '\0', "m"), Error);
  model_from_bytes(bytes, "m");
}

// Version 0.1 used other names.
TEST(Model, OfVersion01IsRead) {
  Model model = test::small_model();
  model.tta = {.translation = 1};
  model.rejection_threshold = 0.25;
  Safetensors file = parse_safetensors(model_to_bytes(model), "m");
  EXPECT_THAT(file.metadata.at("digitry.calibration"), testing::HasSubstr("rejection_threshold"));
  file.metadata["digitry.views"] = file.metadata.at("digitry.test_time_augmentation");
  file.metadata.erase("digitry.test_time_augmentation");
  file.metadata["digitry.calibration"] = R"({"temperature":1.5,"refusal_threshold":0.25})";
  std::vector<std::pair<std::string, const Tensor*>> tensors;
  for (const NamedTensor& tensor : file.tensors) tensors.emplace_back(tensor.name, &tensor.value);
  const Model back = model_from_bytes(to_safetensors(file.metadata, tensors), "m");
  EXPECT_EQ(back.tta, model.tta);
  EXPECT_EQ(back.rejection_threshold, 0.25F);
  EXPECT_EQ(back.temperature, 1.5F);
}

}  // namespace
}  // namespace digitry
