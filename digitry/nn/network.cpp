#include "digitry/nn/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/random.h"

namespace digitry {
namespace {

constexpr std::int64_t kMaxLayers = 1000;
constexpr std::int64_t kMaxParameters = std::int64_t{1} << 28;

std::string layer_label(std::size_t index) { return fmt::format("layers[{}]", index); }

}  // namespace

Network::Network(Shape input_shape) : input_shape_(std::move(input_shape)) {
  shapes_.push_back(input_shape_);
}

Network::Network(Shape input_shape, std::int64_t num_classes,
                 const std::vector<Attributes>& layer_attributes)
    : Network(std::move(input_shape)) {
  if (layer_attributes.empty() || std::ssize(layer_attributes) > kMaxLayers)
    throw Error(ErrorCode::kBadData, "layers: expected 1 to {}, got {}", kMaxLayers,
                layer_attributes.size());
  num_classes_ = num_classes;
  for (const Attributes& layer : layer_attributes) append(layer, num_classes);
  check_complete();
}

Network& Network::add(const Attributes& layer) {
  if (shapes_.empty())
    throw Error(ErrorCode::kInvalidArgument, "network: used after it was moved from");
  if (!parameters_.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "network: its {} layers already have values; add all layers before initialize or "
                "set_parameters",
                layers_.size());
  if (std::ssize(layers_) == kMaxLayers)
    throw Error(ErrorCode::kBadData, "layers: expected 1 to {}, got {}", kMaxLayers,
                kMaxLayers + 1);
  append(layer, /*num_classes=*/0);
  num_classes_ = shapes_.back().rank() == 1 ? shapes_.back()[0] : 0;
  return *this;
}

void Network::append(const Attributes& options, std::int64_t num_classes) {
  const std::string label = layer_label(layers_.size());
  std::unique_ptr<Layer> layer = make_layer(options, num_classes, label);
  const Shape& input = shapes_.back();
  Shape output;
  try {
    output = layer->output_shape(input);
  } catch (const Error& error) {
    throw Error(error.code(), "{}: {}", label, error.what());
  }
  check_skip(*layer);
  std::vector<ParameterSpec> added = layer->parameters(input);
  std::int64_t total = 0;
  for (const ParameterSpec& spec : specs_) total += spec.shape.num_elements();
  for (ParameterSpec& spec : added) {
    spec.name = fmt::format("{}.{}", layers_.size(), spec.name);
    total += spec.shape.num_elements();
    if (total > kMaxParameters)
      throw Error(ErrorCode::kBadData,
                  "{}: expected at most {} parameters in the network, got {} or more", label,
                  kMaxParameters, total);
  }
  std::ranges::move(added, std::back_inserter(specs_));
  layers_.push_back(std::move(layer));
  shapes_.push_back(std::move(output));
}

void Network::check_complete() const {
  if (layers_.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "network: expected at least one layer, got none; add layers, and do not use a "
                "network that was moved from");
  if (specs_.empty())
    throw Error(ErrorCode::kBadData,
                "layers: expected a layer with parameters to train, got none; add a dense layer");
  if (num_classes_ == 0)
    throw Error(ErrorCode::kShapeMismatch,
                "layers: expected the last layer to return [classes], one logit per class, got {}; "
                "end with flatten and dense",
                shapes_.back().to_string());
  if (shapes_.back() != Shape{num_classes_})
    throw Error(ErrorCode::kShapeMismatch,
                "layers: expected the last layer to return [{}], one logit per class, got {}; "
                "out_features = \"classes\" fits a dense layer to the data",
                num_classes_, shapes_.back().to_string());
}

// Checks the second input of a layer that is about to be appended.
void Network::check_skip(const Layer& layer) const {
  const std::size_t index = layers_.size();
  const std::int64_t back = layer.layers_back();
  if (back == 0) return;
  if (back > static_cast<std::int64_t>(index))
    throw Error(ErrorCode::kBadData,
                "{} ({}): layers_back: expected at most {}, the number of layers before it, got {}",
                layer_label(index), layer.type(), index, back);
  const Shape& skipped = shapes_[index - static_cast<std::size_t>(back)];
  if (skipped != shapes_[index])
    throw Error(
        ErrorCode::kShapeMismatch,
        "{} ({}): expected two inputs of one shape, got {} from the layer before and {} from "
        "{} layers back",
        layer_label(index), layer.type(), shapes_[index].to_string(), skipped.to_string(), back);
}

Network Network::clone() const {
  Network copy(input_shape_);
  for (const Attributes& layer : layer_attributes()) copy.append(layer, num_classes_);
  copy.num_classes_ = num_classes_;
  if (!parameters_.empty()) copy.set_parameters(copy_of(parameters_));
  return copy;
}

void Network::initialize(std::uint64_t seed) {
  parameters_.clear();
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    parameters_.push_back({specs_[i].name, Tensor(specs_[i].shape, DType::kF32)});
    if (specs_[i].initializer == Initializer::kZero) continue;
    const auto values = parameters_[i].value.as<float>();
    if (specs_[i].initializer == Initializer::kOne) {
      std::ranges::fill(values, 1.0F);
      continue;
    }
    RandomStream random(seed, RandomPurpose::kInitialWeights, static_cast<std::uint32_t>(i));
    const float deviation = std::sqrt(2.0F / static_cast<float>(specs_[i].fan_in));
    for (float& value : values) value = deviation * random.next_normal();
  }
}

std::vector<Attributes> Network::layer_attributes() const {
  std::vector<Attributes> all;
  for (const auto& layer : layers_) all.push_back(to_attributes(*layer));
  return all;
}

std::int64_t Network::num_parameters() const {
  std::int64_t total = 0;
  for (const ParameterSpec& spec : specs_)
    if (spec.trainable) total += spec.shape.num_elements();
  return total;
}

std::vector<std::string> Network::running_statistics() const {
  std::vector<std::string> names;
  for (const ParameterSpec& spec : specs_)
    if (!spec.trainable) names.push_back(spec.name);
  return names;
}

void Network::set_parameters(std::vector<Parameter> parameters) {
  if (parameters.size() != specs_.size())
    throw Error(ErrorCode::kShapeMismatch, "expected {} parameters, got {}", specs_.size(),
                parameters.size());
  std::vector<Parameter> ordered;
  for (const ParameterSpec& spec : specs_) {
    const auto found = std::ranges::find(parameters, spec.name, &Parameter::name);
    if (found == parameters.end())
      throw Error(ErrorCode::kShapeMismatch, "parameter '{}' is missing", spec.name);
    if (found->value.shape() != spec.shape || found->value.dtype() != DType::kF32)
      throw Error(ErrorCode::kShapeMismatch, "parameter '{}': expected f32 {}, got {} {}",
                  spec.name, spec.shape.to_string(), to_string(found->value.dtype()),
                  found->value.shape().to_string());
    ordered.push_back(std::move(*found));
  }
  parameters_ = std::move(ordered);
}

std::vector<LayerSummary> Network::summary() const {
  std::vector<LayerSummary> rows;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    LayerSummary row{.name = fmt::format("{} {}", i, layers_[i]->type()),
                     .output_shape = shapes_[i + 1],
                     .num_parameters = 0,
                     .multiply_adds = layers_[i]->multiply_adds(shapes_[i])};
    for (const ParameterSpec& spec : layers_[i]->parameters(shapes_[i]))
      if (spec.trainable) row.num_parameters += spec.shape.num_elements();
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace digitry
