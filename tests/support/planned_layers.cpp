#include "tests/support/planned_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "digitry/kernels/lanes.h"
#include "digitry/nn/onednn/primitive.h"
#include "tests/support/networks.h"

namespace digitry::test {
namespace {

float widened(float value) { return value; }
float widened(kernels::BFloat16 value) { return kernels::to_float(value); }

// Passes the input on, in the type in which the plan computes, and keeps the gradient that it
// receives.
class InputProbe : public Layer {
 public:
  explicit InputProbe(std::vector<float>& gradient) : gradient_(gradient) {}

  std::string type() const override { return "input probe"; }
  Shape output_shape(const Shape& input) const override { return input; }
  bool is_trained(const Shape& /*input*/) const override { return true; }
  Value plan(PlanBuilder& builder, const Value& input) const override {
    Value probed =
        builder.make_value(onednn::with_type(input.value.get_desc(), builder.compute_type()));
    probed.overwritable = true;
    builder.forward_reorder(input.value, probed.value);
    if (builder.training())
      builder.backward(Direction::kBackwardData, "probe", 0, [probed, to = &gradient_](auto&) {
        onednn::with_elements(
            [&](auto from) {
              to->clear();
              for (const auto value : from) to->push_back(widened(value));
            },
            probed.gradient);
      });
    return probed;
  }

 private:
  std::vector<float>& gradient_;
};

std::vector<std::unique_ptr<Layer>> with_probe(const std::vector<Attributes>& options,
                                               std::vector<float>& gradient) {
  std::vector<std::unique_ptr<Layer>> layers;
  layers.push_back(std::make_unique<InputProbe>(gradient));
  for (const Attributes& layer : options) layers.push_back(make_layer(layer, 1, "layers"));
  return layers;
}

std::vector<Parameter> draw_parameters(const std::vector<std::unique_ptr<Layer>>& layers,
                                       Shape shape, Precision precision) {
  std::vector<Parameter> parameters;
  RandomStream random(/*seed=*/1, RandomPurpose::kTest);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (const ParameterSpec& spec : layers[i]->parameters(shape)) {
      Tensor value(spec.shape, DType::kF32);
      const auto values = value.as<float>();
      fill_parameter(spec, values, random);
      if (spec.shape.rank() > 1)  // The factors of matrix products.
        std::ranges::copy(rounded({values.begin(), values.end()}, precision), values.begin());
      parameters.push_back({fmt::format("{}.{}", i, spec.name), std::move(value)});
    }
    shape = layers[i]->output_shape(shape);
  }
  return parameters;
}

}  // namespace

PlannedLayers::PlannedLayers(const std::vector<Attributes>& layers, const Shape& image,
                             std::int64_t batch_size, PlanMode mode, ParameterArena& arena,
                             Precision precision, Communicator* batch_ranks)
    : layers_(with_probe(layers, input_gradient_)),
      parameters_(draw_parameters(layers_, image, precision)),
      plan_(PlanBuilder(layers_,
                        {.input_shape = image,
                         .batch_size = batch_size,
                         .training = mode == PlanMode::kTraining,
                         .precision = precision},
                        arena, batch_ranks)
                .build()) {
  arena.load(parameters_);
}

std::int64_t PlannedLayers::output_size() const {
  return std::ssize(onednn::elements(plan_.output.value));
}

std::vector<float> PlannedLayers::forward(std::span<const float> x, const StepContext& context) {
  std::ranges::copy(x, onednn::elements(plan_.input.value).begin());
  for (const auto& operation : plan_.prepare_operations) operation.run(context);
  for (const auto& operation : plan_.forward_operations) operation.run(context);
  const auto output = onednn::elements(plan_.output.value);
  return {output.begin(), output.end()};
}

std::vector<float> PlannedLayers::backward(std::span<const float> grad_y,
                                           const StepContext& context) {
  std::ranges::copy(grad_y, onednn::elements(plan_.output.gradient).begin());
  for (const auto& operation : plan_.backward_operations) operation.run(context);
  return input_gradient_;
}

std::span<const float> values_of(const std::vector<Parameter>& parameters,
                                 const std::string& name) {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  if (found == parameters.end()) throw std::out_of_range("no parameter " + name);
  return found->value.as<float>();
}

std::vector<float> rounded(std::vector<float> values, Precision precision) {
  if (precision == Precision::kBFloat16)
    for (float& value : values) value = kernels::to_float(kernels::to_bfloat16(value));
  return values;
}

bool has_precision(Precision precision) {
  return precision == Precision::kFloat32 || fastest_precision() == precision;
}

}  // namespace digitry::test
