#include "digitry/nn/custom_layer.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/nn/onednn/primitive.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {
namespace {

// A custom layer in a plan, with its memory. Not thread-safe: a plan runs on one thread at a time.
class PlannedCustomLayer {
 public:
  PlannedCustomLayer(std::shared_ptr<const CustomLayer> layer, Shape input_shape,
                     std::int64_t batch_size, bool training)
      : layer_(std::move(layer)),
        input_shape_(std::move(input_shape)),
        batch_size_(batch_size),
        training_(training) {}

  void bind(std::vector<BoundParameter> parameters, Value input, Value output) {
    parameters_ = std::move(parameters);
    input_ = std::move(input);
    output_ = std::move(output);
    values_.resize(parameters_.size());
    gradients_.resize(parameters_.size());
  }

  void forward(const StepContext& context) {
    layer_->forward({.batch_size = batch_size_,
                     .input_shape = input_shape_,
                     .parameters = values(),
                     .input = onednn::elements(input_.value),
                     .output = onednn::elements(output_.value),
                     .training = training_,
                     .context = context});
  }

  void backward(const StepContext& context) {
    const std::span<float> input_gradient =
        input_.needs_gradient() ? onednn::elements(input_.gradient) : std::span<float>();
    std::ranges::fill(input_gradient, 0.0F);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      gradients_[i] = onednn::elements(parameters_[i].gradient);
      std::ranges::fill(gradients_[i], 0.0F);
    }
    layer_->backward({.batch_size = batch_size_,
                      .input_shape = input_shape_,
                      .parameters = values(),
                      .input = onednn::elements(input_.value),
                      .output = onednn::elements(output_.value),
                      .output_gradient = onednn::elements(output_.gradient),
                      .input_gradient = input_gradient,
                      .parameter_gradients = gradients_,
                      .context = context});
  }

 private:
  // Looked up in each call: the arena allocates its memory after all layers are planned.
  std::span<const std::span<const float>> values() {
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      values_[i] = onednn::elements(parameters_[i].value);
    return values_;
  }

  std::shared_ptr<const CustomLayer> layer_;
  Shape input_shape_;
  std::int64_t batch_size_;
  bool training_;
  std::vector<BoundParameter> parameters_;
  Value input_;
  Value output_;
  std::vector<std::span<const float>> values_;
  std::vector<std::span<float>> gradients_;
};

// Makes a Layer of a CustomLayer. Plans share ownership of it, because they may outlive the
// network.
class CustomLayerAdapter : public Layer {
 public:
  explicit CustomLayerAdapter(std::shared_ptr<const CustomLayer> layer)
      : layer_(std::move(layer)) {}

  std::string type() const override { return layer_->type(); }
  Attributes attributes() const override { return layer_->attributes(); }
  Shape output_shape(const Shape& input) const override {
    Shape output = layer_->output_shape(input);
    if (output.rank() == 0 || output.num_elements() == 0)
      throw Error(ErrorCode::kInvalidArgument,
                  "{}: expected output_shape to return a shape with at least one value, got {} for "
                  "input {}",
                  type(), output.to_string(), input.to_string());
    return output;
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    return layer_->parameters(input);
  }
  std::int64_t multiply_adds(const Shape& input) const override {
    return layer_->multiply_adds(input);
  }

  Value plan(PlanBuilder& builder, const Value& input) const override {
    const onednn::Extents extents = onednn::extents_of(input.value);
    const Value plain = builder.in_layout(input, onednn::plain_layout(extents));
    const Shape input_shape = Shape(extents).without_batch();
    const auto planned = std::make_shared<PlannedCustomLayer>(
        layer_, input_shape, builder.batch_size(), builder.training());

    std::vector<BoundParameter> parameters;
    for (const ParameterSpec& spec : layer_->parameters(input_shape))
      parameters.push_back(
          builder.parameter(spec.name, spec.shape, onednn::plain_layout(spec.shape.extents())));
    const onednn::Extents output_extents =
        output_shape(input_shape).with_batch(builder.batch_size()).extents();
    const Value output = builder.make_value(onednn::plain_layout(output_extents),
                                            input.needs_gradient() || !parameters.empty());
    planned->bind(std::move(parameters), plain, output);

    const auto flops = static_cast<double>(2 * multiply_adds(input_shape) * builder.batch_size());
    builder.forward("custom", flops, [planned](const auto& context) { planned->forward(context); });
    if (output.needs_gradient())
      builder.backward(Direction::kBackward, "custom", 2 * flops,
                       [planned](const auto& context) { planned->backward(context); });
    return builder.in_layout(output, onednn::plain_layout(output_extents, builder.compute_type()));
  }

 private:
  std::shared_ptr<const CustomLayer> layer_;
};

struct LayerRegistry {
  std::mutex mutex;
  std::map<std::string, CustomLayerMaker> makers;
};

LayerRegistry& layer_registry() {
  static LayerRegistry registry;
  return registry;
}

bool is_layer_name(const std::string& type) {
  return !type.empty() && std::ranges::all_of(type, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

CustomLayer::operator Attributes() const {
  Attributes with_type = attributes();
  with_type["type"] = type();
  return with_type;
}

void register_layer(const std::string& type, CustomLayerMaker make) {
  if (!is_layer_name(type))
    throw Error(ErrorCode::kInvalidArgument,
                "register_layer: expected a name of a-z, 0-9 and _, got '{}'", type);
  if (!make)
    throw Error(ErrorCode::kInvalidArgument,
                "register_layer: expected a function that makes layer '{}', got an empty one",
                type);
  const std::lock_guard lock(layer_registry().mutex);
  if (is_built_in_layer(type) || !layer_registry().makers.emplace(type, std::move(make)).second)
    throw Error(ErrorCode::kInvalidArgument,
                "register_layer: layer type '{}' already exists; choose another name", type);
}

std::vector<std::string> registered_layers() {
  const std::lock_guard lock(layer_registry().mutex);
  std::vector<std::string> types;
  for (const auto& [type, make] : layer_registry().makers) types.push_back(type);
  return types;
}

std::unique_ptr<Layer> make_registered_layer(const std::string& type, AttributeReader& options) {
  CustomLayerMaker make;
  {
    const std::lock_guard lock(layer_registry().mutex);
    const auto found = layer_registry().makers.find(type);
    if (found != layer_registry().makers.end()) make = found->second;
  }
  // Called without the lock, because `make` may make layers itself.
  std::shared_ptr<const CustomLayer> layer = make ? make(options) : nullptr;
  if (!layer || layer->type() != type)
    throw Error(ErrorCode::kInvalidArgument,
                "layer '{}': expected its registered function to make a layer of this type, got {}",
                type, layer ? "'" + layer->type() + "'" : std::string("none"));
  return std::make_unique<CustomLayerAdapter>(std::move(layer));
}

}  // namespace digitry
