#include "digitry/nn/plan/feature_extractor.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/error.h"

namespace digitry {
namespace {

/// What lies before the last layer with weights.
struct Prefix {
  std::size_t num_layers = 0;
  std::size_t num_parameters = 0;
  Shape output;
};

Prefix before_last_weights(const Network& network) {
  Prefix prefix{.output = network.input_shape()};
  Shape shape = network.input_shape();
  std::size_t num_parameters = 0;
  for (std::size_t i = 0; i < network.layers().size(); ++i) {
    const std::vector<ParameterSpec> specs = network.layers()[i]->parameters(shape);
    if (std::ranges::any_of(specs, [](const auto& spec) { return spec.shape.rank() >= 2; }))
      prefix = {.num_layers = i, .num_parameters = num_parameters, .output = shape};
    num_parameters += specs.size();
    shape = network.layers()[i]->output_shape(shape);
  }
  return prefix;
}

}  // namespace

std::optional<Network> feature_network(const Network& network) {
  const Prefix prefix = before_last_weights(network);
  if (prefix.num_parameters == 0) return std::nullopt;
  std::vector<Attributes> layers = network.layer_attributes();
  layers.resize(prefix.num_layers);
  if (prefix.output.rank() != 1) layers.push_back({{"type", std::string("flatten")}});
  Network hidden(network.input_shape(), prefix.output.num_elements(), layers);
  hidden.set_parameters(copy_of(network.parameters().first(prefix.num_parameters)));
  return hidden;
}

std::int64_t num_features(const Network& network) {
  const Prefix prefix = before_last_weights(network);
  return prefix.num_parameters == 0 ? network.input_shape().num_elements()
                                    : prefix.output.num_elements();
}

FeatureExtractor::FeatureExtractor(const Network& network, Preprocessing preprocessing,
                                   std::int64_t batch_size)
    : input_shape_(network.input_shape()), preprocessing_(preprocessing) {
  num_features_ = input_shape_.num_elements();
  if (const std::optional<Network> hidden = feature_network(network)) {
    num_features_ = hidden->num_classes();
    for (const LayerSummary& layer : hidden->summary()) multiply_adds_ += layer.multiply_adds;
    predictor_.emplace(*hidden, preprocessing, batch_size);
  }
}

Tensor FeatureExtractor::features(const Tensor& images,
                                  std::span<const std::int32_t> image_indices) {
  if (predictor_) return predictor_->logits(images, image_indices);
  if (images.shape().without_batch() != input_shape_)
    throw Error(ErrorCode::kShapeMismatch, "the model wants images of {}, got {}",
                input_shape_.to_string(), images.shape().without_batch().to_string());
  Tensor pixels({std::ssize(image_indices), num_features_}, DType::kF32);
  gather_batch(images, image_indices, preprocessing_, pixels.as<float>());
  return pixels;
}

}  // namespace digitry
