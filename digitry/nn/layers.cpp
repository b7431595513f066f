#include "digitry/nn/layers.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/nn/custom_layer.h"
#include "digitry/nn/layer.h"
#include "digitry/nn/layers/activation.h"
#include "digitry/nn/layers/add.h"
#include "digitry/nn/layers/batch_norm.h"
#include "digitry/nn/layers/conv2d.h"
#include "digitry/nn/layers/crop2d.h"
#include "digitry/nn/layers/dense.h"
#include "digitry/nn/layers/dropout.h"
#include "digitry/nn/layers/pool2d.h"

namespace digitry {

Shape Window::output_shape(const std::string& layer, const Shape& input,
                           std::int64_t channels) const {
  const std::int64_t seen = kernel_size - 2 * padding;
  const std::int64_t least = std::max<std::int64_t>(seen, 1);
  if (input.rank() != 3 || input[1] < least || input[2] < least)
    throw Error(ErrorCode::kShapeMismatch,
                "{}: expected [channels, height ≥ {}, width ≥ {}], got {}", layer, least, least,
                input.to_string());
  return {channels, (input[1] - seen) / stride + 1, (input[2] - seen) / stride + 1};
}

Attributes to_attributes(const Layer& layer) {
  Attributes options = layer.attributes();
  options["type"] = layer.type();
  return options;
}

Add::operator Attributes() const { return to_attributes(AddLayer(*this)); }
BatchNorm::operator Attributes() const { return to_attributes(BatchNormLayer(*this)); }
Conv2d::operator Attributes() const { return to_attributes(Conv2dLayer(*this)); }
Crop2d::operator Attributes() const { return to_attributes(Crop2dLayer(*this)); }
Dense::operator Attributes() const { return to_attributes(DenseLayer(*this)); }
Dropout::operator Attributes() const { return to_attributes(DropoutLayer(*this)); }
SpatialDropout::operator Attributes() const { return to_attributes(SpatialDropoutLayer(*this)); }
Flatten::operator Attributes() const { return to_attributes(FlattenLayer()); }
Relu::operator Attributes() const { return to_attributes(ReluLayer()); }
GlobalAvgPool2d::operator Attributes() const { return to_attributes(GlobalAvgPool2dLayer()); }

LeakyRelu::operator Attributes() const {
  return to_attributes(ActivationLayer(ActivationLayer::Kind::kLeakyRelu, negative_slope));
}
Tanh::operator Attributes() const {
  return to_attributes(ActivationLayer(ActivationLayer::Kind::kTanh));
}
Gelu::operator Attributes() const {
  return to_attributes(ActivationLayer(ActivationLayer::Kind::kGelu));
}
Silu::operator Attributes() const {
  return to_attributes(ActivationLayer(ActivationLayer::Kind::kSilu));
}

MaxPool2d::operator Attributes() const {
  return to_attributes(Pool2dLayer(
      Pool2dLayer::Kind::kMax, {.kernel_size = kernel_size, .stride = stride, .padding = padding}));
}
AvgPool2d::operator Attributes() const {
  return to_attributes(
      Pool2dLayer(Pool2dLayer::Kind::kAverage,
                  {.kernel_size = kernel_size, .stride = stride, .padding = padding}));
}

namespace {

constexpr std::int64_t kMaxFeatures = std::int64_t{1} << 20;
constexpr std::int64_t kMaxChannels = 1 << 16;
constexpr std::int64_t kMaxWindow = 1024;

using Maker = std::unique_ptr<Layer> (*)(AttributeReader&, std::int64_t num_classes);

// `"classes"` stands for the number of classes of the data set. It is accepted only if that number
// is known, that is, not 0.
std::int64_t num_outputs(AttributeReader& options, const std::string& key, std::int64_t most,
                         std::int64_t num_classes) {
  const std::string* text = options.find_text(key);
  if (text != nullptr && *text == "classes" && num_classes > 0) return num_classes;
  return options.integer(key, 1, most);
}

std::unique_ptr<Layer> make_dense(AttributeReader& options, std::int64_t num_classes) {
  Dense dense;
  dense.out_features = num_outputs(options, "out_features", kMaxFeatures, num_classes);
  dense.bias = options.boolean("bias", dense.bias);
  return std::make_unique<DenseLayer>(dense);
}

std::unique_ptr<Layer> make_conv2d(AttributeReader& options, std::int64_t num_classes) {
  Conv2d conv;
  conv.out_channels = num_outputs(options, "out_channels", kMaxChannels, num_classes);
  conv.kernel_size = options.integer("kernel_size", 1, kMaxWindow, conv.kernel_size);
  conv.stride = options.integer("stride", 1, kMaxWindow, conv.stride);
  conv.padding = options.integer("padding", 0, conv.kernel_size - 1, conv.padding);
  conv.groups = options.integer("groups", 1, kMaxChannels, conv.groups);
  conv.bias = options.boolean("bias", conv.bias);
  return std::make_unique<Conv2dLayer>(conv);
}

std::unique_ptr<Layer> make_crop2d(AttributeReader& options, std::int64_t /*num_classes*/) {
  return std::make_unique<Crop2dLayer>(Crop2d{.border = options.integer("border", 1, kMaxWindow)});
}

template <Pool2dLayer::Kind Kind>
std::unique_ptr<Layer> make_pool2d(AttributeReader& options, std::int64_t /*num_classes*/) {
  Pool2dOptions pool;
  pool.kernel_size = options.integer("kernel_size", 1, kMaxWindow, pool.kernel_size);
  pool.stride = options.integer("stride", 1, kMaxWindow, pool.kernel_size);
  pool.padding = options.integer("padding", 0, pool.kernel_size / 2, pool.padding);
  return std::make_unique<Pool2dLayer>(Kind, pool);
}

std::unique_ptr<Layer> make_batch_norm(AttributeReader& options, std::int64_t /*num_classes*/) {
  BatchNorm norm;
  norm.momentum = options.number("momentum", 0.0, 1.0, norm.momentum);
  norm.epsilon = options.number("epsilon", 1e-12, 1.0, norm.epsilon);
  return std::make_unique<BatchNormLayer>(norm);
}

std::unique_ptr<Layer> make_add(AttributeReader& options, std::int64_t /*num_classes*/) {
  return std::make_unique<AddLayer>(Add{.layers_back = options.integer("layers_back", 1, 1000)});
}

template <typename L, typename LayerOptions>
std::unique_ptr<Layer> make_dropout(AttributeReader& options, std::int64_t /*num_classes*/) {
  const auto rate = static_cast<float>(options.number("rate", 0.0, 0.99));
  return std::make_unique<L>(LayerOptions{.rate = rate});
}

template <ActivationLayer::Kind Kind>
std::unique_ptr<Layer> make_activation(AttributeReader& options, std::int64_t /*num_classes*/) {
  if constexpr (Kind == ActivationLayer::Kind::kLeakyRelu)
    return std::make_unique<ActivationLayer>(
        Kind, static_cast<float>(options.number("negative_slope", 0.0, 1.0, 0.01)));
  return std::make_unique<ActivationLayer>(Kind);
}

template <typename L>
std::unique_ptr<Layer> make_without_options(AttributeReader& /*options*/,
                                            std::int64_t /*num_classes*/) {
  return std::make_unique<L>();
}

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> table{
      {"add", make_add},
      {"avg_pool2d", make_pool2d<Pool2dLayer::Kind::kAverage>},
      {"batch_norm", make_batch_norm},
      {"conv2d", make_conv2d},
      {"crop2d", make_crop2d},
      {"dense", make_dense},
      {"dropout", make_dropout<DropoutLayer, Dropout>},
      {"flatten", make_without_options<FlattenLayer>},
      {"gelu", make_activation<ActivationLayer::Kind::kGelu>},
      {"global_avg_pool2d", make_without_options<GlobalAvgPool2dLayer>},
      {"leaky_relu", make_activation<ActivationLayer::Kind::kLeakyRelu>},
      {"max_pool2d", make_pool2d<Pool2dLayer::Kind::kMax>},
      {"relu", make_without_options<ReluLayer>},
      {"silu", make_activation<ActivationLayer::Kind::kSilu>},
      {"spatial_dropout", make_dropout<SpatialDropoutLayer, SpatialDropout>},
      {"tanh", make_activation<ActivationLayer::Kind::kTanh>},
  };
  return table;
}

}  // namespace

bool is_built_in_layer(std::string_view type) { return makers().contains(std::string(type)); }

std::unique_ptr<Layer> make_layer(const Attributes& options_with_type, std::int64_t num_classes,
                                  const std::string& where) {
  std::vector<std::string> types;
  for (const auto& [type, maker] : makers()) types.push_back(type);
  for (std::string& type : registered_layers()) types.push_back(std::move(type));
  AttributeReader type_reader(options_with_type, where);
  const std::string type = type_reader.text("type", {});
  if (std::ranges::find(types, type) == types.end())
    throw Error(
        ErrorCode::kBadData,
        "{}: 'type': expected one of {}, got {}; programs add their own types with register_layer",
        where, fmt::format("{}", fmt::join(types, ", ")), to_string(AttributeValue(type)));
  Attributes options = options_with_type;
  options.erase("type");
  AttributeReader reader(options, where + " (" + type + ")");
  const auto built_in = makers().find(type);
  auto layer = built_in != makers().end() ? built_in->second(reader, num_classes)
                                          : make_registered_layer(type, reader);
  reader.finish();
  return layer;
}

}  // namespace digitry
