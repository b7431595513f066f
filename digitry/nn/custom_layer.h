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

// Layers written outside the library: derive from CustomLayer, register the type under its name,
// and add it to a network like any other layer. examples/write_a_layer.cpp shows one.

namespace digitry {

/// What the forward pass of a custom layer reads and writes, for N = `batch_size` images. Arrays
/// are float32, row-major, and valid during the call.
struct CustomForward {
  std::int64_t batch_size = 0;
  const Shape& input_shape;  ///< Shape of one image.
  /// One array per parameter, in the order of CustomLayer::parameters.
  std::span<const std::span<const float>> parameters;
  std::span<const float> input;  ///< [N, input_shape...]
  std::span<float> output;   ///< [N, output_shape...]; its values before the call are undefined.
  bool training = false;     ///< Whether a backward pass may follow.
  StepContext context = {};  ///< For random numbers: RandomStream(seed, purpose, step, ...).
};

/// What the backward pass of a custom layer reads and writes. `input`, `output` and `context` are
/// those of the forward pass. The gradients to compute are zero before the call.
struct CustomBackward {
  std::int64_t batch_size = 0;
  const Shape& input_shape;
  std::span<const std::span<const float>> parameters;
  std::span<const float> input;
  std::span<const float> output;
  std::span<const float> output_gradient;  ///< Gradient of the loss with respect to `output`.
  std::span<float> input_gradient;         ///< To be computed; empty if no earlier layer needs it.
  /// To be computed, summed over the batch; one array per parameter. The gradient of a parameter
  /// that is not trainable stays zero.
  std::span<const std::span<float>> parameter_gradients;
  StepContext context = {};
};

/// Base class of layers that are written outside the library. It works on row-major float32 arrays.
///
/// Shapes are those of a single image, without the batch. Values are float32 even in a plan that
/// computes in bfloat16: the library converts them before and after the layer.
///
/// Threads: one object serves all plans of a network, which may run on several threads at once.
/// `forward` and `backward` must therefore not change the object. They are called on the thread
/// that runs the plan and may use more threads (`parallel_for`, base/parallel.h). Results do not
/// depend on the number of threads if each output is computed by one thread.
///
/// Cost: the layer's own, plus a copy of its input and output if the neighbouring layers use
/// another memory layout or type. A profile lists the layer's operations under the kernel name
/// "custom".
class CustomLayer {
 public:
  virtual ~CustomLayer() = default;

  /// The name that the layer is registered under, and that recipes and model files use.
  virtual std::string type() const = 0;
  /// The options that recreate this layer, without `type`.
  virtual Attributes attributes() const { return {}; }

  /// Shape of the output for one image of shape `input`. Throws Error{kShapeMismatch} with the
  /// expected and the found shape if the layer does not accept `input`.
  virtual Shape output_shape(const Shape& input) const = 0;
  virtual std::vector<ParameterSpec> parameters(const Shape& /*input*/) const { return {}; }
  /// Multiply-adds of the forward pass for one image.
  virtual std::int64_t multiply_adds(const Shape& /*input*/) const { return 0; }

  virtual void forward(const CustomForward& pass) const = 0;
  virtual void backward(const CustomBackward& pass) const = 0;

  /// `attributes()` with `type`, so that network.add(MyLayer{}) works.
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// Makes a layer from its options, without `type`. It reads every option that it supports from the
/// reader; the library rejects options that were not read.
using CustomLayerMaker = std::function<std::unique_ptr<CustomLayer>(AttributeReader& options)>;

/// Registers a layer type: from now on recipes, model files and networks of this process may use
/// it. Thread-safe. Throws Error{kInvalidArgument} if `make` is empty, or if the name has
/// characters other than a-z, 0-9 and _ or is already in use.
void register_layer(const std::string& type, CustomLayerMaker make);

/// The types registered so far, sorted.
std::vector<std::string> registered_layers();

/// Makes a layer of a registered type, for make_layer. Throws what its CustomLayerMaker throws, and
/// Error{kInvalidArgument} if that returns no layer or one of another type.
std::unique_ptr<Layer> make_registered_layer(const std::string& type, AttributeReader& options);

/// Whether the library itself has a layer of this type, for register_layer.
bool is_built_in_layer(std::string_view type);

}  // namespace digitry
