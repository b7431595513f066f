#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "digitry/model_io/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"

// Valid safetensors files that are not valid models.

namespace digitry {
namespace {

// Expects an error for the small model after `spoil` has changed it.
void refuse(const std::vector<std::string>& parts, const std::function<void(Safetensors&)>& spoil) {
  Safetensors file = parse_safetensors(model_to_bytes(test::small_model()), "m");
  spoil(file);
  std::vector<std::pair<std::string, const Tensor*>> tensors;
  for (const NamedTensor& tensor : file.tensors) tensors.emplace_back(tensor.name, &tensor.value);
  const std::string bytes = to_safetensors(file.metadata, tensors);
  std::vector<std::string> with_source{"m.safetensors: "};
  with_source.insert(with_source.end(), parts.begin(), parts.end());
  test::expect_error(ErrorCode::kBadData, with_source,
                     [&] { model_from_bytes(bytes, "m.safetensors"); });
}

void refuse_entry(const std::vector<std::string>& parts, const std::string& key,
                  const std::string& value) {
  refuse(parts, [&](Safetensors& file) { file.metadata[key] = value; });
}

TEST(HostileModel, MetadataMissing) {
  for (const char* key : {"digitry.format", "digitry.architecture", "digitry.preprocessing",
                          "digitry.classes", "digitry.provenance"})
    refuse({key, "not written by digitry"}, [&](Safetensors& file) { file.metadata.erase(key); });
}

TEST(HostileModel, FormatOfAnotherVersion) {
  refuse_entry({"model format: found 3, expected 1 or 2"}, "digitry.format", "3");
}

TEST(HostileModel, MetadataThatAreNotTheirJson) {
  refuse_entry({"digitry.architecture", "parse error"}, "digitry.architecture", "{");
  refuse_entry({"digitry.classes", "expected a JSON object"}, "digitry.classes", "[]");
  refuse_entry({"'names' is missing"}, "digitry.classes", "{}");
  refuse_entry({"expected a list of strings"}, "digitry.classes", R"({"names":"0"})");
  refuse_entry({"expected strings only"}, "digitry.classes", R"({"names":["0",1,"2"]})");
  refuse_entry({"expected different names"}, "digitry.classes", R"({"names":["0","1","0"]})");
  refuse_entry({"classes", "found 0"}, "digitry.classes", R"({"names":[]})");
  std::string many = R"({"names":["0")";
  for (int i = 0; i < 1000; ++i) many += R"(,"0")";
  refuse_entry({"1 to 1000 classes", "found 1001"}, "digitry.classes", many + "]}");
  refuse_entry({"'pixel_scale': expected a finite number"}, "digitry.preprocessing",
               R"({"pixel_scale":"1","pixel_offset":0})");
  refuse_entry({"'pixel_scale': expected a finite number"}, "digitry.preprocessing",
               R"({"pixel_scale":1e300,"pixel_offset":0})");
  for (const char* temperature : {"0", "-1", "1e-9", "1001", "\"1\"", "1e300", "null"})
    refuse_entry({"temperature", "expected"}, "digitry.calibration",
                 std::string(R"({"temperature":)") + temperature + "}");
  refuse_entry({"'temperature' is missing"}, "digitry.calibration", "{}");
  refuse_entry({"'pixel_offset' is missing"}, "digitry.preprocessing", R"({"pixel_scale":1})");
}

TEST(HostileModel, ClassesThatDoNotFitTheLastLayer) {
  refuse_entry({"expected the last layer", "[2]", "got [3]"}, "digitry.classes",
               R"({"names":["a","b"]})");
}

std::string architecture(const std::string& shape, const std::string& layers) {
  return "{\"input_shape\":" + shape + ",\"layers\":" + layers + "}";
}

const std::string kLayers =
    R"([{"type":"flatten"},{"type":"dense","out_features":5},{"type":"dense","out_features":3}])";

TEST(HostileModel, ImpossibleInputShapes) {
  for (const char* shape : {"[4,4]", "[1,4,4,1]", "[1,-4,4]", "[0,4,4]", "[1,4,1e3]", "16",
                            "[1,4,5000]", "[1,4,\"4\"]", "[1,4,18446744073709551615]"})
    refuse_entry({"input_shape: expected [channels, height, width]"}, "digitry.architecture",
                 architecture(shape, kLayers));
}

TEST(HostileModel, ImpossibleLayers) {
  const auto refuse_layers = [](const std::vector<std::string>& parts, const std::string& layers) {
    refuse_entry(parts, "digitry.architecture", architecture("[1,4,4]", layers));
  };
  refuse_layers({"layers: expected a list"}, "{}");
  refuse_layers({"layers: expected 1 to 1000, got 0"}, "[]");
  refuse_layers({"layers: expected an object"}, "[1]");
  refuse_layers({"layers[0]", "'type'", "dense, dropout"}, R"([{"type":"transformer"}])");
  refuse_layers({"layers[0] (relu)", "unknown key 'x'"}, R"([{"type":"relu","x":1}])");
  refuse_layers({"layers[0]", "dense: expected [features], got [1,4,4]"},
                R"([{"type":"dense","out_features":3}])");
  refuse_layers({"out_features", "got -1"},
                R"([{"type":"flatten"},{"type":"dense","out_features":18446744073709551615}])");
  refuse_layers({"layer with parameters"}, R"([{"type":"flatten"},{"type":"relu"}])");
}

TEST(HostileModel, HugeArchitecturesAllocateNothing) {
  // 2^28 parameters need 1 GB, but the file has a kilobyte.
  refuse({"expected 4 parameters, got 0"}, [](Safetensors& file) {
    file.metadata["digitry.architecture"] =
        architecture("[1,4,4]", R"([{"type":"flatten"},{"type":"dense","out_features":1000000},)"
                                R"({"type":"dense","out_features":3}])");
    file.tensors.clear();
  });
  refuse_entry({"at most 268435456 parameters"}, "digitry.architecture",
               architecture("[4096,4096,4096]", kLayers));
}

TEST(HostileModel, TensorsMissingLeftOverOrOfAnotherShape) {
  refuse({"expected 4 parameters, got 3"}, [](Safetensors& file) { file.tensors.pop_back(); });
  refuse({"expected 4 parameters, got 5"}, [](Safetensors& file) {
    file.tensors.push_back({"9.weight", Tensor({1}, DType::kF32)});
  });
  refuse({"'1.weight' is missing"}, [](Safetensors& file) { file.tensors[0].name = "0.weight"; });
  refuse({"'1.weight'", "expected f32 [5,16], got f32 [16,5]"}, [](Safetensors& file) {
    file.tensors[0].value = Tensor({16, 5}, DType::kF32);
  });
  refuse({"expected f32 [5,16], got u8 [5,16]"}, [](Safetensors& file) {
    file.tensors[0].value = Tensor({5, 16}, DType::kU8);
  });
}

TEST(HostileModel, WeightsThatAreNotFinite) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    refuse({"tensor '4.weight': expected finite weights", "at element 7"},
           [&](Safetensors& file) { file.tensors[2].value.as<float>()[7] = value; });
}

TEST(HostileModel, PrototypesThatDoNotFitTheNetwork) {
  const auto with = [](const Shape& shape, DType type) {
    return [shape, type](Safetensors& file) {
      file.tensors.push_back({"prototypes", Tensor(shape, type)});
    };
  };
  refuse({"prototypes: expected f32 [1 to 100000, 5], got f32 [2,16]"}, with({2, 16}, DType::kF32));
  refuse({"got f32 [5]"}, with({5}, DType::kF32));
  refuse({"got f32 [0,5]"}, with({0, 5}, DType::kF32));
  refuse({"got f32 [100001,5]"}, with({100001, 5}, DType::kF32));
  refuse({"got u8 [2,5]"}, with({2, 5}, DType::kU8));
  refuse({"tensor 'prototypes': expected finite weights, found nan at element 1"},
         [](Safetensors& file) {
           Tensor prototypes({2, 5}, DType::kF32);
           prototypes.as<float>()[1] = std::numeric_limits<float>::quiet_NaN();
           file.tensors.push_back({"prototypes", std::move(prototypes)});
         });
}

}  // namespace
}  // namespace digitry
