#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "digitry/model_io/model.h"
#include "digitry/model_io/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/near.h"
#include "tests/support/temporary_folder.h"

// Models of several networks and views: how they are combined, saved and loaded.

namespace digitry {
namespace {

TEST(Combine, RefusesNothing) {
  test::expect_error(ErrorCode::kInvalidArgument, {"got none"}, [] { combine({}, {}); });
}

TEST(Combine, RefusesWhatDoesNotFit) {
  const auto refused = [](Model other, const std::vector<std::string>& parts) {
    std::vector<Model> models;
    models.push_back(test::small_model());
    models.push_back(std::move(other));
    test::expect_error(ErrorCode::kInvalidArgument, parts, [&] {
      combine(std::move(models), {"one", "two"});
    });
  };
  Model other = test::small_model();
  other.class_names[1] = "1";
  refused(std::move(other), {"two", "same class names as one"});
  other = test::small_model();
  other.preprocessing.pixel_scale = 1;
  refused(std::move(other), {"two", "same scaling of pixels as one"});
  other = test::small_model();
  other.tta.zoom = 0.1;
  refused(std::move(other), {"two", "same test-time augmentation as one"});
  refused(test::three_networks(), {"two", "expected a model of one network, got one of 3"});
  other = test::small_model();
  other.members = one_member(test::random_network({1, 5, 4}, 3, {test::flatten(), test::dense(3)}));
  refused(std::move(other), {"two", "[1,5,4]", "[1,4,4]"});
}

TEST(Combine, KeepsTheViewsThatAllHave) {
  std::vector<Model> models;
  for (const std::uint64_t seed : {1, 2}) {
    models.push_back(test::small_model(seed));
    models.back().tta = {.rotation = 5, .flip = true};
  }
  EXPECT_EQ(combine(std::move(models), {"a", "b"}).tta,
            (TestTimeAugmentation{.rotation = 5, .flip = true}));
}

TEST(Combine, HasTheViewsAskedInTheirPlace) {
  std::vector<Model> models;
  models.push_back(test::small_model(1));
  models.push_back(test::small_model(2));
  models.back().tta.zoom = 0.1;
  const TestTimeAugmentation views{.rotation = 5};
  EXPECT_EQ(combine(std::move(models), {"a", "b"}, views).tta, views);
}

TEST(Combine, TakesOfAModelWithViewsTheTemperatureOfItsNetwork) {
  std::vector<Model> models;
  models.push_back(test::small_model(1));
  models.push_back(test::small_model(2));
  models[0].temperature = 0.5F;
  models[1].tta.rotation = 5;
  models[1].members.front().temperature = 2;
  models[1].temperature = 0.75F;
  const Model model = combine(std::move(models), {"a", "b"}, TestTimeAugmentation{.zoom = 0.1});
  EXPECT_EQ(model.members[0].temperature, 0.5F);
  EXPECT_EQ(model.members[1].temperature, 2);
  EXPECT_EQ(model.temperature, 1);
}

TEST(Combine, RefusesByTheMeanOfTheThresholds) {
  std::vector<Model> models;
  models.push_back(test::small_model(1));
  models.push_back(test::small_model(2));
  models[0].rejection_threshold = 0.25F;
  models[1].rejection_threshold = 0.75F;
  EXPECT_EQ(combine(std::move(models), {"a", "b"}).rejection_threshold, 0.5F);
}

TEST(Combine, OfOneModelOfSeveralNetworksKeepsThem) {
  std::vector<Model> models;
  models.push_back(test::three_networks());
  models.front().temperature = 0.75F;
  const Model model = combine(std::move(models), {"a"}, TestTimeAugmentation{.rotation = 5});
  ASSERT_EQ(model.members.size(), 3u);
  EXPECT_EQ(model.members[2].temperature, 0.5F);
  EXPECT_EQ(model.temperature, 1);
}

TEST(Combine, KeepsOfTheProvenanceWhatIsTheSameForAll) {
  std::vector<Model> models;
  models.push_back(test::small_model(1));
  models.push_back(test::small_model(2));
  models[1].provenance["seed"] = "8";
  models[0].provenance["mine"] = "x";
  const Model model = combine(std::move(models), {"a", "b"});
  EXPECT_EQ(model.provenance.count("seed"), 0u);
  EXPECT_EQ(model.provenance.count("mine"), 0u);
  EXPECT_EQ(model.provenance.count("recipe"), 1u);
}

TEST(ModelOfSeveral, ComesBackAndComputesTheSameBits) {
  const test::TemporaryFolder folder;
  Model model = test::three_networks();
  model.tta = {.translation = 1, .zoom = 0.125};
  model.temperature = 0.75F;
  save_model(model, folder / "m");
  const Model read = load_model(folder / "m");
  ASSERT_EQ(read.members.size(), 3u);
  EXPECT_EQ(read.members[2].temperature, 0.5F);
  EXPECT_EQ(read.tta, model.tta);
  EXPECT_EQ(read.temperature, 0.75F);
  EXPECT_TRUE(
      test::same_bits(test::logits_of(read).as<float>(), test::logits_of(model).as<float>()));
  EXPECT_EQ(model_to_bytes(read), model_to_bytes(model)) << "written again, the same file";
}

TEST(ModelOfSeveral, KeepsTheTemperatureOfItsOnlyNetworkBesideThatOfTheViews) {
  Model model = test::small_model();
  model.tta.rotation = 5;
  model.members.front().temperature = 2;
  const Model read = model_from_bytes(model_to_bytes(model), "m");
  EXPECT_EQ(read.members.front().temperature, 2);
  EXPECT_EQ(read.temperature, 1.3F);
  EXPECT_EQ(model_to_bytes(read), model_to_bytes(model)) << "written again, the same file";

  Safetensors file = parse_safetensors(model_to_bytes(model), "m");
  std::string& architecture = file.metadata.at("digitry.architecture");
  std::vector<std::pair<std::string, const Tensor*>> tensors;
  for (const NamedTensor& tensor : file.tensors) tensors.emplace_back(tensor.name, &tensor.value);
  const std::string entry = R"("temperature":2.0,)";
  ASSERT_NE(architecture.find(entry), std::string::npos) << architecture;
  architecture.replace(architecture.find(entry), entry.size(), "");
  EXPECT_EQ(
      model_from_bytes(to_safetensors(file.metadata, tensors), "m").members.front().temperature, 1)
      << "files of before have none";
  architecture.insert(1, R"("temperature":0,)");
  test::expect_error(ErrorCode::kBadData, {"m: digitry.architecture: temperature", "found 0"},
                     [&] { model_from_bytes(to_safetensors(file.metadata, tensors), "m"); });
}

TEST(ModelOfSeveral, IsNoFileForReadersOfOneNetwork) {
  EXPECT_EQ(
      parse_safetensors(model_to_bytes(test::three_networks()), "m").metadata.at("digitry.format"),
      "2");
  Model model = test::small_model();
  model.tta.rotation = 5;
  EXPECT_EQ(parse_safetensors(model_to_bytes(model), "m").metadata.at("digitry.format"), "2");
}

// Valid safetensors that are not a valid model of several networks.
TEST(ModelOfSeveral, IsRefusedWhereItIsHostile) {
  const Safetensors sound = parse_safetensors(model_to_bytes(test::three_networks()), "m");
  const auto refused = [&](const std::vector<std::string>& parts,
                           const std::map<std::string, std::string>& metadata,
                           const std::string& from, const std::string& to) {
    std::vector<std::pair<std::string, const Tensor*>> tensors;
    for (const NamedTensor& tensor : sound.tensors)
      tensors.emplace_back(tensor.name == from ? to : tensor.name, &tensor.value);
    const std::string bytes = to_safetensors(metadata, tensors);
    test::expect_error(ErrorCode::kBadData, parts, [&] { model_from_bytes(bytes, "m"); });
  };
  const auto refused_entry = [&](const std::vector<std::string>& parts, const std::string& key,
                                 const std::string& value) {
    auto metadata = sound.metadata;
    metadata[key] = value;
    refused(parts, metadata, "", "");
  };
  for (const char* name : {"9.1.weight", ".1.weight", "-1.1.weight", "x", "1"})
    refused({"m: ", "tensor"}, sound.metadata, "0.1.weight", name);
  refused({"m: ", "member 0", "expected 4 parameters"}, sound.metadata, "0.1.weight", "1.weight");
  refused({"m: ", "member 1", "1.weight"}, sound.metadata, "1.1.weight", "1.7.weight");
  refused_entry({"member 0", "layers"}, "digitry.architecture",
                R"({"input_shape":[1,4,4],"members":[{"layers":[],"temperature":1},1]})");
  refused_entry({"members: expected a list of 2 to 1000"}, "digitry.architecture",
                R"({"input_shape":[1,4,4],"members":[]})");
  refused_entry({"member 0: expected an object"}, "digitry.architecture",
                R"({"input_shape":[1,4,4],"members":[1,2]})");
  refused_entry({"member 0", "temperature"}, "digitry.architecture",
                R"({"input_shape":[1,4,4],"members":[{"layers":[]},{"layers":[]}]})");
  refused_entry({"digitry.test_time_augmentation", "rotation"}, "digitry.test_time_augmentation",
                R"({"rotation":1e9})");
  refused_entry({"digitry.test_time_augmentation", "spin"}, "digitry.test_time_augmentation",
                R"({"spin":1})");
}

}  // namespace
}  // namespace digitry
