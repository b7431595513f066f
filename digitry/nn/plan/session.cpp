#include "digitry/nn/plan/session.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/kernels/elementwise.h"

namespace digitry {
namespace {

constexpr std::int64_t kImagesPerThread = 16;
// Most values that one layer reads or writes for a whole batch: 16 MiB of float32. More do not fit
// the caches, and the layers of a hostile model may be as wide as memory is large.
constexpr std::int64_t kMaxBatchValues = std::int64_t{1} << 22;

std::int64_t batch_that_fits(const Network& network, std::int64_t batch_size) {
  std::int64_t widest = network.input_shape().num_elements();
  for (const LayerSummary& layer : network.summary())
    widest = std::max(widest, layer.output_shape.num_elements());
  return std::clamp(kMaxBatchValues / widest, std::int64_t{1},
                    std::max(batch_size, std::int64_t{1}));
}

template <typename Pixel>
void gather_pixels(const Tensor& images, std::span<const std::int32_t> image_indices,
                   const Preprocessing& preprocessing, std::span<float> to) {
  const std::span<const Pixel> pixels = images.as<Pixel>();
  const auto size = static_cast<std::size_t>(images.shape().without_batch().num_elements());
  parallel_for(
      std::ssize(image_indices), kImagesPerThread, [&](std::int64_t begin, std::int64_t end) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
          kernels::scale_pixels(
              pixels.subspan(static_cast<std::size_t>(image_indices[i]) * size, size),
              to.subspan(i * size, size), preprocessing.pixel_scale, preprocessing.pixel_offset);
      });
}

}  // namespace

void gather_batch(const Tensor& images, std::span<const std::int32_t> image_indices,
                  const Preprocessing& preprocessing, std::span<float> to) {
  if (images.dtype() == DType::kU8)
    gather_pixels<std::uint8_t>(images, image_indices, preprocessing, to);
  else
    gather_pixels<float>(images, image_indices, preprocessing, to);
}

Predictor::Predictor(const Network& network, Preprocessing preprocessing, std::int64_t batch_size,
                     Precision precision)
    : input_shape_(network.input_shape()),
      num_classes_(network.num_classes()),
      preprocessing_(preprocessing),
      plan_(network, batch_that_fits(network, batch_size), PlanMode::kInference, arena_,
            precision) {
  update(network);
}

Tensor Predictor::logits(const Tensor& images) {
  if (images.shape().rank() == 0)
    throw Error(ErrorCode::kShapeMismatch, "expected images [N, C, H, W], got an empty tensor");
  std::vector<std::int32_t> all(static_cast<std::size_t>(images.shape()[0]));
  std::iota(all.begin(), all.end(), 0);
  return logits(images, all);
}

Tensor Predictor::logits(const Tensor& images, std::span<const std::int32_t> image_indices) {
  if (images.shape().without_batch() != input_shape_)
    throw Error(ErrorCode::kShapeMismatch, "expected images of shape {} for this model, got {}",
                input_shape_.to_string(), images.shape().without_batch().to_string());
  const std::int64_t count = std::ssize(image_indices);
  const std::int64_t image_size = input_shape_.num_elements();
  Tensor all({count, num_classes_}, DType::kF32);
  for (std::int64_t first = 0; first < count; first += plan_.batch_size()) {
    // The last batch may be smaller: its unused rows keep old images, and their logits are not
    // read.
    const std::int64_t rows = std::min(plan_.batch_size(), count - first);
    gather_batch(
        images,
        image_indices.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows)),
        preprocessing_, plan_.input().first(static_cast<std::size_t>(rows * image_size)));
    plan_.forward({});
    std::ranges::copy(plan_.logits().first(static_cast<std::size_t>(rows * num_classes_)),
                      all.as<float>().begin() + first * num_classes_);
  }
  return all;
}

namespace {

/// The layers before the last layer with weights.
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
    throw Error(ErrorCode::kShapeMismatch, "expected images of shape {} for this model, got {}",
                input_shape_.to_string(), images.shape().without_batch().to_string());
  Tensor pixels({std::ssize(image_indices), num_features_}, DType::kF32);
  gather_batch(images, image_indices, preprocessing_, pixels.as<float>());
  return pixels;
}

}  // namespace digitry
