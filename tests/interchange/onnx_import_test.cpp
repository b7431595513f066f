#include "digitry/interchange/onnx_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "digitry/base/file.h"
#include "digitry/interchange/onnx_export.h"
#include "digitry/interchange/onnx_model.h"
#include "digitry/model_io/classifier.h"
#include "tests/golden/golden.h"
#include "tests/properties/generated.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/near.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

using onnx::ElementType;
using Integers = std::vector<std::int64_t>;

std::string bytes_of(const auto& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof values[0]};
}

onnx::Constant floats(const std::string& name, Integers extents, const std::vector<float>& values) {
  return {.name = name, .extents = std::move(extents), .data = bytes_of(values)};
}
onnx::Constant integers(const std::string& name, const Integers& values) {
  return {.name = name,
          .type = ElementType::kInt64,
          .extents = {std::ssize(values)},
          .data = bytes_of(values)};
}
onnx::Node node(const std::string& type, std::vector<std::string> inputs, const std::string& output,
                std::vector<std::pair<std::string, onnx::AttributeValue>> attributes = {}) {
  return {.name = "the " + output,
          .op_type = type,
          .domain = "",
          .inputs = std::move(inputs),
          .outputs = {output},
          .attributes = std::move(attributes)};
}

// x [N,2,2] → flat → 2 classes; tests change it.
onnx::OnnxModel small_graph() {
  onnx::OnnxModel file;
  file.graph.inputs = {{.name = "x", .extents = {std::string("N"), 2, 2}, .description = ""}};
  file.graph.outputs = {{.name = "z", .extents = {}, .description = ""}};
  file.graph.constants = {integers("shape", {-1, 4}),
                          floats("w", {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8})};
  file.graph.nodes = {node("Reshape", {"x", "shape"}, "flat"), node("MatMul", {"flat", "w"}, "z")};
  return file;
}

Model imported(const onnx::OnnxModel& file) { return model_from_onnx(to_bytes(file), "m.onnx"); }

void expect_rejected(const onnx::OnnxModel& file, std::vector<std::string> parts) {
  parts.insert(parts.begin(), "m.onnx");
  expect_error(ErrorCode::kBadData, parts, [&] { imported(file); });
}

TEST(OnnxImport, ReadsWhatDigitryExports) {
  std::set<std::string> types;
  int count = 0;
  for (const std::uint64_t seed : seeds(80)) {
    Draw draw(seed);
    const Architecture drawn = generated_architecture(draw);
    bool known = drawn.image[0] == 1 || drawn.image[0] == 3;
    for (const Attributes& layer : drawn.layers) {
      const auto type = std::get<std::string>(layer.at("type"));
      known = known && type != "add" && type != "crop2d";
    }
    Model model{
        .members = one_member(random_network(drawn.image, drawn.num_classes, drawn.layers, seed)),
        .preprocessing = {.pixel_scale = 0.01F, .pixel_offset = -0.5F},
        .tta = {},
        .temperature = 1.5F};
    for (std::int64_t i = 0; i < drawn.num_classes; ++i)
      model.class_names.push_back("class " + std::to_string(i));
    SCOPED_TRACE(described(seed, to_text(drawn)));
    const std::string bytes = model_to_onnx(model);
    if (!known) continue;
    const Model again = model_from_onnx(bytes, "m.onnx");
    for (const Attributes& layer : drawn.layers)
      types.insert(std::get<std::string>(layer.at("type")));
    ++count;
    EXPECT_EQ(again.class_names, model.class_names);
    EXPECT_EQ(again.preprocessing, model.preprocessing);
    EXPECT_FLOAT_EQ(again.temperature, 1.5F);
    expect_near(logits_of(again).as<float>(), logits_of(model).as<float>(), 1e-4, 1e-4);
  }
  EXPECT_GE(count, 10);
  EXPECT_GE(types.size(), 13);
}

TEST(OnnxImport, ComputesAChainByHand) {
  const Model model = imported(small_graph());
  Tensor image({1, 1, 2, 2}, DType::kF32);
  for (std::size_t i = 0; i < 4; ++i) image.as<float>()[i] = 255 * static_cast<float>(i + 1);
  // [1,2,3,4] · w; the pixels are divided by 255.
  expect_near(Classifier(model).logits(image).as<float>(), std::vector<float>{50, 60}, 1e-3, 0);
  EXPECT_EQ(model.class_names, (std::vector<std::string>{"0", "1"}));
}

TEST(OnnxImport, AnswersAsPyTorch) {
  const auto golden = read_golden("torch_cnn.json");
  const Model model = import_onnx(std::string(DIGITRY_GOLDEN_FOLDER) + "/torch_cnn.onnx");
  Tensor images({4, 1, 8, 8}, DType::kU8);
  const auto pixels = golden["images"].get<std::vector<std::uint8_t>>();
  std::ranges::copy(pixels, images.as<std::uint8_t>().begin());
  expect_near(Classifier(model).logits(images).as<float>(), test::floats(golden["logits"]), 1e-5,
              1e-5);
}

// Activations of several nodes, in the orders in which PyTorch and Keras write them.
TEST(OnnxImport, FindsGeluAndSilu) {
  const auto layers_with = [](const std::vector<onnx::Node>& nodes) {
    onnx::OnnxModel file = small_graph();
    file.graph.nodes.back().outputs = {"x1"};
    file.graph.constants.push_back(floats("root", {}, {1.41421356F}));
    file.graph.constants.push_back(floats("inverse", {}, {0.70710678F}));
    file.graph.constants.push_back(floats("one", {1}, {1}));
    file.graph.constants.push_back(floats("half", {}, {0.5F}));
    file.graph.constants.push_back(floats("v", {2, 2}, {1, 2, 3, 4}));
    file.graph.nodes.insert(file.graph.nodes.end(), nodes.begin(), nodes.end());
    file.graph.nodes.push_back(node("MatMul", {nodes.back().outputs[0], "v"}, "z"));
    std::vector<std::string> types;
    for (const Attributes& layer : imported(file).members[0].network.layer_attributes())
      types.push_back(std::get<std::string>(layer.at("type")));
    return types;
  };
  const onnx::Node by_root = node("Div", {"x1", "root"}, "scaled"),
                   by_inverse = node("Mul", {"inverse", "x1"}, "scaled"),
                   erf = node("Erf", {"scaled"}, "erf"), sum = node("Add", {"one", "erf"}, "gate");
  const std::vector<std::string> gelu{"flatten", "dense", "gelu", "dense"};
  EXPECT_EQ(layers_with({by_root, erf, sum, node("Mul", {"x1", "gate"}, "product"),
                         node("Mul", {"product", "half"}, "y")}),
            gelu);
  EXPECT_EQ(layers_with({by_inverse, erf, sum, node("Mul", {"half", "x1"}, "halved"),
                         node("Mul", {"gate", "halved"}, "y")}),
            gelu);
  EXPECT_EQ(layers_with({by_inverse, erf, sum, node("Mul", {"half", "gate"}, "halved"),
                         node("Mul", {"x1", "halved"}, "y")}),
            gelu);
  const onnx::Node sigmoid = node("Sigmoid", {"x1"}, "gate");
  const std::vector<onnx::Node> silu{sigmoid, node("Mul", {"x1", "gate"}, "y")};
  EXPECT_EQ(layers_with(silu), (std::vector<std::string>{"flatten", "dense", "silu", "dense"}));
  // One after the other: the second one's x is a product, too.
  EXPECT_EQ(layers_with({sigmoid, node("Mul", {"x1", "gate"}, "y"), node("Sigmoid", {"y"}, "gate2"),
                         node("Mul", {"gate2", "y"}, "y2")}),
            (std::vector<std::string>{"flatten", "dense", "silu", "silu", "dense"}));
  // Nearly one of them, but not.
  for (const std::vector<onnx::Node>& nodes : std::vector<std::vector<onnx::Node>>{
           {by_root, erf, sum, node("Mul", {"x1", "gate"}, "y")},
           {node("Div", {"x1", "half"}, "scaled"), erf, sum, node("Mul", {"x1", "gate"}, "product"),
            node("Mul", {"product", "half"}, "y")},
           {sigmoid, node("Mul", {"gate", "gate"}, "y")}})
    expect_error(ErrorCode::kBadData, {"m.onnx", "Mul", "computed values"},
                 [&] { layers_with(nodes); });
}

TEST(OnnxImport, TakesAPaddingOfNothingForNothing) {
  onnx::OnnxModel file = small_graph();
  file.graph.nodes.insert(file.graph.nodes.begin(), node("Pad", {"x", "pads"}, "padded"));
  file.graph.nodes[1].inputs[0] = "padded";
  file.graph.constants.push_back(integers("pads", {0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(imported(file).members[0].network.layer_attributes().size(), 2u);
  file.graph.constants.back() = integers("pads", {0, 0, 1, 0, 0, 1});
  expect_rejected(file, {"the padded", "Pad", "expected no padding"});
}

TEST(OnnxImport, BringsChannelsToTheFront) {
  // Keras flattens [H,W,C]: feature (h·W + w)·C + c.
  onnx::OnnxModel file = small_graph();
  file.graph.inputs[0].extents = {std::string("N"), 2, 1, 3};
  file.graph.constants = {integers("shape", {-1, 6}),
                          floats("w", {6, 1}, {1, 10, 100, 1000, 10000, 100000})};
  const Model model = imported(file);
  EXPECT_EQ(model.input_shape(), Shape({3, 2, 1}));
  const auto weight = model.members[0].network.parameters()[0].value.as<float>();
  EXPECT_THAT(std::vector<float>(weight.begin(), weight.end()),
              testing::ElementsAre(1, 1000, 10, 10000, 100, 100000));
}

TEST(OnnxImport, FoldsABiasAndTheScalingOfPixels) {
  onnx::OnnxModel file = small_graph();
  file.graph.constants.push_back(floats("b", {2}, {0.5F, -1}));
  file.graph.constants.push_back(floats("s", {}, {1 / 255.0F}));
  file.graph.nodes = {node("Mul", {"x", "s"}, "scaled"),
                      node("Reshape", {"scaled", "shape"}, "flat"),
                      node("MatMul", {"flat", "w"}, "sums"), node("Add", {"b", "sums"}, "y"),
                      node("Softmax", {"y"}, "z")};
  const Model model = imported(file);
  EXPECT_FLOAT_EQ(model.preprocessing.pixel_scale, 1 / 255.0F);
  const auto bias = model.members[0].network.parameters()[1].value.as<float>();
  EXPECT_EQ(std::vector<float>(bias.begin(), bias.end()), (std::vector<float>{0.5F, -1}));
}

TEST(OnnxImport, ScalesTheOffsetOfPixelsToo) {
  onnx::OnnxModel file = small_graph();
  file.graph.constants.push_back(floats("o", {}, {-128}));
  file.graph.constants.push_back(floats("s", {}, {0.5F}));
  file.graph.nodes = {node("Add", {"x", "o"}, "moved"), node("Mul", {"moved", "s"}, "scaled"),
                      node("Reshape", {"scaled", "shape"}, "flat"),
                      node("MatMul", {"flat", "w"}, "z")};
  const Model model = imported(file);
  EXPECT_FLOAT_EQ(model.preprocessing.pixel_scale, 0.5F / 255);
  EXPECT_FLOAT_EQ(model.preprocessing.pixel_offset, -64);
}

// x [N,1,4,4] → windows of 2×2 with these attributes → this many features → one class.
onnx::OnnxModel window_graph(const std::string& type,
                             std::vector<std::pair<std::string, onnx::AttributeValue>> attributes,
                             std::int64_t features = 9) {
  onnx::OnnxModel file = small_graph();
  file.graph.inputs[0].extents = {std::string("N"), 1, 4, 4};
  file.graph.constants = {
      floats("k", {1, 1, 2, 2}, {1, 1, 1, 1}),
      floats("v", {features, 1}, std::vector<float>(static_cast<std::size_t>(features), 1))};
  std::vector<std::string> inputs{"x"};
  if (type == "Conv")
    inputs.emplace_back("k");
  else
    attributes.emplace_back("kernel_shape", Integers{2, 2});
  file.graph.nodes = {node(type, inputs, "w", std::move(attributes)), node("Flatten", {"w"}, "f"),
                      node("MatMul", {"f", "v"}, "z")};
  return file;
}

TEST(OnnxImport, ReadsWindowsThatFit) {
  imported(window_graph("Conv", {}));
  imported(window_graph("Conv", {{"pads", Integers{1, 1, 1, 1}}}, 25));
  imported(window_graph("MaxPool",
                        {{"strides", Integers{2, 2}}, {"auto_pad", std::string("SAME_UPPER")}}, 4));
  imported(window_graph("AveragePool",
                        {{"strides", Integers{2, 2}},
                         {"ceil_mode", std::int64_t{1}},
                         {"count_include_pad", std::int64_t{1}}},
                        4));
  expect_rejected(window_graph("Conv", {}, 8), {"'the z'", "9 features", "got 8"});
}

TEST(OnnxImport, NamesWindowsThatItCannotCompute) {
  expect_rejected(window_graph("Conv", {{"dilations", Integers{2, 2}}}),
                  {"'the w'", "expected no dilation"});
  expect_rejected(window_graph("Conv", {{"auto_pad", std::string("SAME_UPPER")}}),
                  {"'the w'", "SAME_UPPER pads the sides differently"});
  expect_rejected(window_graph("Conv", {{"pads", Integers{0, 0, 1, 1}}}),
                  {"'the w'", "the same padding on all four sides"});
  expect_rejected(window_graph("Conv", {{"strides", Integers{1, 2}}}),
                  {"'the w'", "the same stride"});
  expect_rejected(window_graph("AveragePool", {{"pads", Integers{1, 1, 1, 1}},
                                               {"count_include_pad", std::int64_t{1}}}),
                  {"'the w'", "expected count_include_pad 0"});
  expect_rejected(
      window_graph("MaxPool", {{"strides", Integers{3, 3}}, {"ceil_mode", std::int64_t{1}}}),
      {"'the w'", "expected ceil_mode 0"});
}

// What tf2onnx makes of Keras' BatchNormalization and Flatten.
TEST(OnnxImport, ReadsFactorsPerChannelAndAComputedShape) {
  onnx::OnnxModel file = small_graph();
  file.graph.inputs[0].extents = {std::string("N"), 1, 1, 2};
  file.graph.constants = {floats("k", {2, 1, 1, 1}, {1, 1}), floats("m", {1, 2, 1, 1}, {2, 3}),
                          floats("a", {1, 2, 1, 1}, {10, 20}),
                          floats("w", {4, 1}, {1, 100, 10000, 1000000}), integers("rest", {4})};
  file.graph.nodes = {node("Conv", {"x", "k"}, "c"),
                      node("Relu", {"c"}, "r"),
                      node("Mul", {"r", "m"}, "p"),
                      node("Add", {"p", "a"}, "s"),
                      node("Transpose", {"s"}, "t", {{"perm", Integers{0, 2, 3, 1}}}),
                      node("Shape", {"t"}, "extents"),
                      node("Concat", {"extents", "rest"}, "joined", {{"axis", std::int64_t{0}}}),
                      node("Cast", {"joined"}, "cast", {{"to", std::int64_t{7}}}),
                      node("Reshape", {"t", "cast"}, "flat"),
                      node("MatMul", {"flat", "w"}, "z")};
  const Model model = imported(file);
  Tensor image({1, 1, 1, 2}, DType::kF32);
  image.as<float>()[0] = 255;
  image.as<float>()[1] = 2 * 255;
  // Channels 0 and 1 of pixel 0: 12, 23; of pixel 1: 14, 26.
  const float expected = 12 + 2300 + 140000 + 26e6F;
  EXPECT_NEAR(Classifier(model).logits(image).as<float>()[0], expected, 100);
}

TEST(OnnxImport, NamesWhatItCannotImport) {
  onnx::OnnxModel file = small_graph();
  file.graph.nodes[1].op_type = "LSTM";
  expect_rejected(file, {"'the z'", "LSTM"});

  file = small_graph();
  file.graph.nodes[0].inputs[0] = "z";
  expect_rejected(file, {"cycle"});

  file = small_graph();
  file.opset = 99;
  expect_rejected(file, {"opset", "99"});

  file = small_graph();
  file.graph.constants[1].type = ElementType::kString;
  expect_rejected(file, {"'w'", "string"});

  file = small_graph();
  file.graph.constants[1].data.pop_back();
  expect_rejected(file, {"'w'", "32 bytes", "31"});

  file = small_graph();
  file.graph.constants[1].extents = {std::int64_t{1} << 40, std::int64_t{1} << 40};
  expect_rejected(file, {"'w'", "extent"});

  file = small_graph();
  file.graph.nodes[1].inputs[1] = "flat";
  file.graph.nodes[1].inputs[0] = "x";
  expect_rejected(file, {"'the z'", "computed values"});

  file = small_graph();
  file.graph.inputs[0].extents[1] = std::string("height");
  expect_rejected(file, {"'x'", "known sizes"});

  file = small_graph();
  file.graph.constants[1] = floats("w", {2, 2}, {1, 2, 3, 4});
  expect_rejected(file, {"'the z'", "4 features", "2"});

  expect_error(ErrorCode::kBadData, {"m.onnx"}, [] { model_from_onnx("", "m.onnx"); });
  expect_error(ErrorCode::kBadData, {"m.onnx"}, [] { model_from_onnx("not ONNX", "m.onnx"); });
}

TEST(OnnxImport, RejectsValuesInAnotherFile) {
  // A tensor with data_location (field 14) EXTERNAL, in a graph, in a model.
  const std::string tensor("\x08\x01\x10\x01\x42\x01w\x70\x01", 9);
  const std::string graph = "\x2a\x09" + tensor + std::string("\x0a\x00", 2);
  const std::string bytes =
      std::string("\x08\x08\x3a", 3) + static_cast<char>(graph.size()) + graph;
  expect_error(ErrorCode::kBadData, {"'w'", "another file"},
               [&] { model_from_onnx(bytes, "m.onnx"); });
}

TEST(OnnxImport, SurvivesEveryTruncationAndFlippedBytes) {
  const std::string bytes = model_to_onnx(small_model());
  const auto survives = [](const std::string& damaged) {
    try {
      model_from_onnx(damaged, "m.onnx");
    } catch (const Error& error) {
      EXPECT_EQ(to_string(error.code()), to_string(ErrorCode::kBadData)) << error.what();
    }
  };
  for (std::size_t length = 0; length < bytes.size(); ++length) survives(bytes.substr(0, length));
  Draw draw(1);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = bytes;
    damaged[static_cast<std::size_t>(draw.integer(0, std::ssize(bytes) - 1))] =
        static_cast<char>(draw.integer(0, 255));
    survives(damaged);
  }
}

}  // namespace
}  // namespace digitry::test
