#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/nn/parameter.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// The square window of a convolution or pooling layer.
struct Window {
  std::int64_t kernel_size = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;  ///< Zeros on each side.

  /// Output shape [channels, OH, OW] for an image [C, IH, IW]: OH = ⌊(IH + 2P − K)/S⌋ + 1, OW
  /// likewise.
  /// Throws Error{kShapeMismatch} if the window does not fit; the message begins with `layer`.
  Shape output_shape(const std::string& layer, const Shape& input, std::int64_t channels) const;
};

struct Value;
class PlanBuilder;

/// One layer of a network: its type and options, independent of the batch size. Immutable. Shapes
/// are those of a single image, without the batch.
class Layer {
 public:
  virtual ~Layer() = default;

  /// The name that recipes use: "dense", "relu".
  virtual std::string type() const = 0;
  /// The options that recreate this layer, without `type`.
  virtual Attributes attributes() const { return {}; }

  /// Throws Error{kShapeMismatch} with the expected and the found shape if the layer does not
  /// accept `input`.
  virtual Shape output_shape(const Shape& input) const = 0;
  virtual std::vector<ParameterSpec> parameters(const Shape& /*input*/) const { return {}; }
  /// Whether the layer needs the gradient of its output even if the gradient of its input is not
  /// needed.
  virtual bool is_trained(const Shape& input) const { return !parameters(input).empty(); }
  /// Multiply-adds of the forward pass for one image.
  virtual std::int64_t multiply_adds(const Shape& /*input*/) const { return 0; }

  /// If not 0, the layer has a second input: the input of the layer this many before it.
  virtual std::int64_t layers_back() const { return 0; }

  /// Adds this layer's operations to a plan and returns the memory of its output.
  virtual Value plan(PlanBuilder& builder, const Value& input) const = 0;
};

/// The options that recreate the layer, with its `type`.
Attributes to_attributes(const Layer& layer);

/// Makes a layer from its type and options, as read from a recipe or a model file.
/// The option value "classes" stands for `num_classes`; 0 if that is not known. Error messages
/// begin with `where`.
/// Throws Error{kBadData} for an unknown type, an unknown key, or a value out of range.
std::unique_ptr<Layer> make_layer(const Attributes& options_with_type, std::int64_t num_classes,
                                  const std::string& where);

}  // namespace digitry
