#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/base/error.h"
#include "digitry/nn/parameter.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// The square window of a convolution or a pooling.
struct Window {
  std::int64_t kernel_size = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;  ///< Zeros a side.

  /// [channels, OH, OW] of an image [C, IH, IW], OH = ⌊(IH + 2P − K)/S⌋ + 1.
  /// Throws Error{kShapeMismatch}, beginning with `layer`, where the window does not fit.
  Shape output_shape(const std::string& layer, const Shape& input, std::int64_t channels) const {
    const std::int64_t seen = kernel_size - 2 * padding;
    const std::int64_t least = std::max<std::int64_t>(seen, 1);
    if (input.rank() != 3 || input[1] < least || input[2] < least)
      throw Error(ErrorCode::kShapeMismatch,
                  "{}: expected [channels, height ≥ {}, width ≥ {}], got {}", layer, least, least,
                  input.to_string());
    return {channels, (input[1] - seen) / stride + 1, (input[2] - seen) / stride + 1};
  }
};

struct Value;
class PlanBuilder;

/// One layer of a network: what it computes and with which options, not yet for any batch size.
/// Immutable. Shapes are those of a single image, without the batch.
class Layer {
 public:
  virtual ~Layer() = default;

  /// The name recipes use: "dense", "relu".
  virtual std::string type() const = 0;
  /// The options that make this layer again, less `type`.
  virtual Attributes attributes() const { return {}; }

  /// Throws Error{kShapeMismatch} saying the shape wanted and the shape got.
  virtual Shape output_shape(const Shape& input) const = 0;
  virtual std::vector<ParameterSpec> parameters(const Shape& /*input*/) const { return {}; }
  /// Whether it needs the gradient by its output even if nobody needs that by its input.
  virtual bool is_trained(const Shape& input) const { return !parameters(input).empty(); }
  /// Multiply-adds of the forward pass for one image.
  virtual std::int64_t multiply_adds(const Shape& /*input*/) const { return 0; }

  /// Where this layer reads a second input: what went into the layer this many before it. 0: none.
  virtual std::int64_t layers_back() const { return 0; }

  /// Adds this layer's operations to a plan and returns where its output will be.
  virtual Value plan(PlanBuilder& builder, const Value& input) const = 0;
};

/// The options that make the layer again, with its `type`.
Attributes to_attributes(const Layer& layer);

/// Makes a layer from its type and options, as read from a recipe or a model file.
/// `num_classes` is what an option "classes" stands for, 0 if nobody knows. `where` begins error
/// messages.
/// Throws Error{kBadData} for an unknown type, an unknown key, or a value out of range.
std::unique_ptr<Layer> make_layer(const Attributes& options_with_type, std::int64_t num_classes,
                                  const std::string& where);

}  // namespace digitry
