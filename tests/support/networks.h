#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/nn/layers/add.h"
#include "digitry/nn/layers/batch_norm.h"
#include "digitry/nn/layers/conv2d.h"
#include "digitry/nn/layers/dropout.h"
#include "digitry/nn/layers/pool2d.h"
#include "digitry/nn/network.h"

namespace digitry::test {

inline Attributes dense(std::int64_t out_features) {
  return {{"type", std::string("dense")}, {"out_features", out_features}};
}
inline Attributes dropout(double rate) {
  return {{"type", std::string("dropout")}, {"rate", rate}};
}
/// A layer with its default options: "gelu", "global_avg_pool2d".
inline Attributes layer(const std::string& type) { return {{"type", type}}; }

inline Attributes conv2d(const Conv2d& options) { return to_attributes(Conv2dLayer(options)); }
inline Attributes batch_norm(const BatchNorm& options = {}) {
  return to_attributes(BatchNormLayer(options));
}
inline Attributes max_pool2d(const Pool2dOptions& options = {}) {
  return to_attributes(Pool2dLayer(Pool2dLayer::Kind::kMax, options));
}
inline Attributes avg_pool2d(const Pool2dOptions& options = {}) {
  return to_attributes(Pool2dLayer(Pool2dLayer::Kind::kAverage, options));
}
inline Attributes add(std::int64_t layers_back) {
  return to_attributes(AddLayer({.layers_back = layers_back}));
}
inline Attributes crop2d(std::int64_t border) {
  return {{"type", std::string("crop2d")}, {"border", border}};
}
inline Attributes spatial_dropout(double rate) {
  return {{"type", std::string("spatial_dropout")}, {"rate", rate}};
}
inline Attributes relu() { return {{"type", std::string("relu")}}; }
/// A ReLU that no plan computes together with the layer before it.
inline Attributes unfused_relu() {
  return {{"type", std::string("leaky_relu")}, {"negative_slope", 0.0}};
}
inline Attributes flatten() { return {{"type", std::string("flatten")}}; }

/// Random values of a parameter such that each of them has an effect: normal biases and running
/// means, factors of a batch normalisation around 1, positive running variances, initial weights.
inline void fill_parameter(const ParameterSpec& spec, std::span<float> values,
                           RandomStream& random) {
  const float deviation = std::sqrt(2.0F / static_cast<float>(spec.fan_in));
  for (float& value : values) {
    const float drawn = random.next_normal();
    if (spec.initializer == Initializer::kHeNormal)
      value = deviation * drawn;
    else if (spec.initializer == Initializer::kZero)
      value = 0.5F * drawn;
    else
      value = spec.trainable ? 1 + 0.3F * drawn : 0.3F + drawn * drawn;
  }
}

/// A network with initial weights and with random values for all other parameters.
inline Network random_network(Shape input_shape, std::int64_t num_classes,
                              const std::vector<Attributes>& layers, std::uint64_t seed = 1) {
  Network network(input_shape, num_classes, layers);
  network.initialize(seed);
  std::vector<Parameter> parameters;
  RandomStream random(seed, RandomPurpose::kTest);
  Shape shape = std::move(input_shape);
  for (const auto& layer : network.layers()) {
    for (const ParameterSpec& spec : layer->parameters(shape)) {
      const Parameter& initial = network.parameters()[parameters.size()];
      parameters.push_back({initial.name, initial.value.clone()});
      if (spec.initializer != Initializer::kHeNormal)
        fill_parameter(spec, parameters.back().value.as<float>(), random);
    }
    shape = layer->output_shape(shape);
  }
  network.set_parameters(std::move(parameters));
  return network;
}

}  // namespace digitry::test
