#include "digitry/interchange/graph_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <numbers>
#include <optional>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/nn/plan/session.h"

namespace digitry::onnx {
namespace {

using OnnxAttributes = std::vector<std::pair<std::string, AttributeValue>>;

static_assert(std::endian::native == std::endian::little, "constants are stored little-endian");

template <typename T>
std::string bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

// One layer of a network that is being added.
struct LayerContext {
  GraphBuilder& builder;
  const Attributes& options;
  std::string label;  // "0_conv2d"
  std::span<const Parameter> parameters;
  std::size_t index;
  const std::vector<ValueName>& values;  // The input of each layer so far, with that of this one.

  const ValueName& input() const { return values.back(); }
  std::int64_t integer(const char* key) const { return std::get<std::int64_t>(options.at(key)); }
  float number(const char* key) const {
    return static_cast<float>(std::get<double>(options.at(key)));
  }
  // The constant that holds a parameter of this layer, or "" if it has none of this name.
  ValueName parameter(const std::string& name) const {
    const std::string full = fmt::format("{}.{}", index, name);
    const auto found = std::ranges::find(parameters, full, &Parameter::name);
    return found == parameters.end() ? "" : builder.constant(label + "." + name, found->value);
  }
  ValueName add(const std::string& op_type, std::vector<ValueName> inputs,
                OnnxAttributes attributes = {}) const {
    return builder.add(label, op_type, std::move(inputs), std::move(attributes));
  }
};

std::vector<std::int64_t> square(std::int64_t value) { return {value, value}; }

OnnxAttributes window_attributes(const LayerContext& layer) {
  const std::int64_t padding = layer.integer("padding");
  return {{"kernel_shape", square(layer.integer("kernel_size"))},
          {"strides", square(layer.integer("stride"))},
          {"pads", std::vector<std::int64_t>(4, padding)}};
}

// `inputs` with the bias, if the layer has one.
std::vector<ValueName> with_bias(const LayerContext& layer, std::vector<ValueName> inputs) {
  if (ValueName bias = layer.parameter("bias"); !bias.empty()) inputs.push_back(std::move(bias));
  return inputs;
}

ValueName add_dense(const LayerContext& layer) {
  return layer.add("Gemm", with_bias(layer, {layer.input(), layer.parameter("weight")}),
                   {{"transB", std::int64_t{1}}});
}

ValueName add_conv2d(const LayerContext& layer) {
  OnnxAttributes attributes = window_attributes(layer);
  attributes.emplace_back("group", layer.integer("groups"));
  return layer.add("Conv", with_bias(layer, {layer.input(), layer.parameter("weight")}),
                   std::move(attributes));
}

ValueName add_max_pool2d(const LayerContext& layer) {
  return layer.add("MaxPool", {layer.input()}, window_attributes(layer));
}

// ONNX leaves padding out of the mean by default, as Digitry does.
ValueName add_avg_pool2d(const LayerContext& layer) {
  return layer.add("AveragePool", {layer.input()}, window_attributes(layer));
}

ValueName add_global_avg_pool2d(const LayerContext& layer) {
  return layer.add("Flatten", {layer.add("GlobalAveragePool", {layer.input()})});
}

ValueName add_batch_norm(const LayerContext& layer) {
  return layer.add("BatchNormalization",
                   {layer.input(), layer.parameter("weight"), layer.parameter("bias"),
                    layer.parameter("running_mean"), layer.parameter("running_var")},
                   {{"epsilon", layer.number("epsilon")}});
}

ValueName add_relu(const LayerContext& layer) { return layer.add("Relu", {layer.input()}); }

ValueName add_leaky_relu(const LayerContext& layer) {
  return layer.add("LeakyRelu", {layer.input()}, {{"alpha", layer.number("negative_slope")}});
}

ValueName add_tanh(const LayerContext& layer) { return layer.add("Tanh", {layer.input()}); }

// x · (1 + erf(x / √2)) / 2: opset 17 has no Gelu.
ValueName add_gelu(const LayerContext& layer) {
  GraphBuilder& builder = layer.builder;
  const ValueName scaled = layer.add(
      "Mul",
      {layer.input(), builder.scalar(layer.label + ".scale", 1 / std::numbers::sqrt2_v<float>)});
  const ValueName error = layer.add("Erf", {scaled});
  const ValueName weight = layer.add("Add", {error, builder.scalar(layer.label + ".one", 1)});
  const ValueName product = layer.add("Mul", {layer.input(), weight});
  return layer.add("Mul", {product, builder.scalar(layer.label + ".half", 0.5F)});
}

ValueName add_silu(const LayerContext& layer) {
  return layer.add("Mul", {layer.input(), layer.add("Sigmoid", {layer.input()})});
}

ValueName add_nothing(const LayerContext& layer) { return layer.input(); }

ValueName add_flatten(const LayerContext& layer) { return layer.add("Flatten", {layer.input()}); }

ValueName add_crop2d(const LayerContext& layer) {
  const std::int64_t border = layer.integer("border");
  GraphBuilder& builder = layer.builder;
  return layer.add("Slice",
                   {layer.input(), builder.integers(layer.label + ".starts", square(border)),
                    builder.integers(layer.label + ".ends", square(-border)),
                    builder.integers(layer.label + ".axes", {2, 3})});
}

ValueName add_add(const LayerContext& layer) {
  const auto back = static_cast<std::size_t>(layer.integer("layers_back"));
  return layer.add("Add", {layer.input(), layer.values[layer.index - back]});
}

using LayerAdder = ValueName (*)(const LayerContext&);

const std::map<std::string, LayerAdder>& layer_adders() {
  static const std::map<std::string, LayerAdder> table{
      {"add", add_add},
      {"avg_pool2d", add_avg_pool2d},
      {"batch_norm", add_batch_norm},
      {"conv2d", add_conv2d},
      {"crop2d", add_crop2d},
      {"dense", add_dense},
      {"dropout", add_nothing},
      {"flatten", add_flatten},
      {"gelu", add_gelu},
      {"global_avg_pool2d", add_global_avg_pool2d},
      {"leaky_relu", add_leaky_relu},
      {"max_pool2d", add_max_pool2d},
      {"relu", add_relu},
      {"silu", add_silu},
      {"spatial_dropout", add_nothing},
      {"tanh", add_tanh},
  };
  return table;
}

// The layer whose input are the features; 0 if those are the network's input.
std::size_t features_layer(const Network& network) {
  const std::optional<Network> hidden = feature_network(network);
  if (!hidden) return 0;
  const std::size_t last = hidden->layers().size() - 1;
  // `feature_network` may have added a flatten.
  return hidden->layers()[last]->type() == network.layers()[last]->type() ? last + 1 : last;
}

}  // namespace

std::string GraphBuilder::new_name(const std::string& label) {
  std::string name = label;
  for (int number = 2;; ++number) {
    const auto place = std::ranges::lower_bound(names_, name);
    if (place == names_.end() || *place != name) {
      names_.insert(place, name);
      return name;
    }
    name = fmt::format("{}_{}", label, number);
  }
}

ValueName GraphBuilder::add(const std::string& label, const std::string& op_type,
                            std::vector<ValueName> inputs, OnnxAttributes attributes) {
  const std::string name = new_name(label);
  graph_.nodes.push_back({.name = name,
                          .op_type = op_type,
                          .domain = "",
                          .inputs = std::move(inputs),
                          .outputs = {name},
                          .attributes = std::move(attributes)});
  return name;
}

void GraphBuilder::rename(const ValueName& from, const ValueName& to) {
  new_name(to);
  for (Node& node : graph_.nodes) {
    std::ranges::replace(node.inputs, from, to);
    std::ranges::replace(node.outputs, from, to);
  }
}

ValueName GraphBuilder::add_constant(const std::string& label, ElementType type,
                                     std::vector<std::int64_t> extents, std::string data) {
  const std::string name = new_name(label);
  graph_.constants.push_back(
      {.name = name, .type = type, .extents = std::move(extents), .data = std::move(data)});
  return name;
}

ValueName GraphBuilder::constant(const std::string& label, std::span<const float> values,
                                 std::vector<std::int64_t> extents) {
  return add_constant(label, ElementType::kFloat, std::move(extents), bytes_of(values));
}

ValueName GraphBuilder::constant(const std::string& label, const Tensor& values) {
  return constant(label, values.as<float>(), values.shape().extents());
}

ValueName GraphBuilder::scalar(const std::string& label, float value) {
  return constant(label, std::span<const float>(&value, 1), {});
}

ValueName GraphBuilder::integers(const std::string& label,
                                 const std::vector<std::int64_t>& values) {
  return add_constant(label, ElementType::kInt64, {std::ssize(values)},
                      bytes_of(std::span<const std::int64_t>(values)));
}

ValueName GraphBuilder::indices(const std::string& label, std::span<const std::int32_t> values) {
  return add_constant(label, ElementType::kInt32, {std::ssize(values)}, bytes_of(values));
}

NetworkValues add_network(GraphBuilder& builder, const Network& network, const ValueName& input,
                          const std::string& prefix) {
  std::vector<ValueName> values{input};
  const std::vector<Attributes> options = network.layer_attributes();
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::string type = network.layers()[i]->type();
    const std::string label = fmt::format("{}{}_{}", prefix, i, type);
    const auto adder = layer_adders().find(type);
    if (adder == layer_adders().end())
      throw Error(ErrorCode::kInvalidArgument,
                  "ONNX: layers[{}]: cannot export a layer of type '{}', which is not built in", i,
                  type);
    values.push_back(adder->second({builder, options[i], label, network.parameters(), i, values}));
  }
  NetworkValues result{.logits = values.back(), .features = values[features_layer(network)]};
  return result;
}

}  // namespace digitry::onnx
