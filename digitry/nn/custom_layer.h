#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/nn/layer.h"
#include "digitry/nn/parameter.h"
#include "digitry/nn/plan/plan.h"
#include "digitry/tensor/tensor.h"

// Layers written outside the library: derive from CustomLayer, register the type by its name, and
// add it to a network as any other layer. examples/write_a_layer.cpp shows one.

namespace digitry {

/// What the forward pass of a custom layer reads and writes, for N = `batch_size` images. Arrays
/// are float32, row-major, and valid during the call.
struct CustomForward {
  std::int64_t batch_size = 0;
  const Shape& input_shape;  ///< Of one image.
  /// One array per parameter, in the order of CustomLayer::parameters.
  std::span<const std::span<const float>> parameters;
  std::span<const float> input;  ///< [N, input_shape...]
  std::span<float> output;       ///< [N, output_shape...]; holds any values before the call.
  bool training = false;         ///< Whether a backward pass may follow.
  StepContext context = {};      ///< For random numbers: RandomStream(seed, purpose, step, ...).
};

/// The same of the backward pass. `input`, `output` and `context` are those of the forward pass.
/// Gradients that are to be computed are zero before the call.
struct CustomBackward {
  std::int64_t batch_size = 0;
  const Shape& input_shape;
  std::span<const std::span<const float>> parameters;
  std::span<const float> input;
  std::span<const float> output;
  std::span<const float> output_gradient;  ///< Of the loss by `output`.
  std::span<float> input_gradient;         ///< To compute; empty if no earlier layer needs it.
  /// To compute, summed over the batch; one array per parameter. Those of a parameter that is not
  /// trainable stay zero.
  std::span<const std::span<float>> parameter_gradients;
  StepContext context = {};
};

/// A layer written outside the library, on plain memory.
///
/// Shapes are those of a single image, without the batch. Values are float32 also in a plan that
/// computes in bfloat16: the library converts them before and after the layer.
///
/// Threads: one object serves all plans of a network, which may run on several threads at once, so
/// that `forward` and `backward` must not change it. A call comes on the thread that runs the plan
/// and may use more of them (`parallel_for`, base/parallel.h). For results that are the same on any
/// number of threads, give each output to one thread.
///
/// Cost: beside its own, that of a copy of its input and output if the layers around it use another
/// memory layout or type. A plan reports the layer's operations as kernel "custom".
class CustomLayer {
 public:
  virtual ~CustomLayer() = default;

  /// The name that it is registered by; recipes and model files have it.
  virtual std::string type() const = 0;
  /// The options that make this layer again, less `type`.
  virtual Attributes attributes() const { return {}; }

  /// Throws Error{kShapeMismatch} saying the shape expected and the shape got.
  virtual Shape output_shape(const Shape& input) const = 0;
  virtual std::vector<ParameterSpec> parameters(const Shape& /*input*/) const { return {}; }
  /// Multiply-adds of the forward pass for one image.
  virtual std::int64_t multiply_adds(const Shape& /*input*/) const { return 0; }

  virtual void forward(const CustomForward& pass) const = 0;
  virtual void backward(const CustomBackward& pass) const = 0;

  /// `options` with `type`: network.add(MyLayer{}).
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// Makes a layer of its options, less `type`: it asks the reader for each that it knows, and the
/// library refuses what is left.
using CustomLayerMaker = std::function<std::unique_ptr<CustomLayer>(AttributeReader& options)>;

/// From now on recipes, model files and networks of this process know layers of this type. May be
/// called on any thread. Throws Error{kInvalidArgument} for a name that is not of a-z, 0-9 and _,
/// or that a layer has already.
void register_layer(const std::string& type, CustomLayerMaker make);

/// The types registered so far, sorted.
std::vector<std::string> registered_layers();

/// For make_layer: a layer of a registered type. Throws what its maker throws, and
/// Error{kInvalidArgument} if that makes none or one of another type.
std::unique_ptr<Layer> make_registered_layer(const std::string& type, AttributeReader& options);

/// For register_layer: whether the library has a layer of this type itself.
bool is_built_in_layer(std::string_view type);

}  // namespace digitry
