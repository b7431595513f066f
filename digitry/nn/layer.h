#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digitry/base/options.h"
#include "digitry/nn/parameter.h"
#include "digitry/tensor/shape.h"

namespace digitry {

struct Activation;
class PlanBuilder;

/// One layer of a network: what it computes and with which options, not yet for any batch size.
/// Immutable. Shapes are those of a single image, without the batch.
class Layer {
 public:
  virtual ~Layer() = default;

  /// The name recipes use: "dense", "relu".
  virtual std::string type() const = 0;
  /// The options that make this layer again, less `type`.
  virtual Options options() const { return {}; }

  /// Throws Error{kShapeMismatch} saying the shape wanted and the shape got.
  virtual Shape output_shape(const Shape& input) const = 0;
  virtual std::vector<ParameterSpec> parameters(const Shape& /*input*/) const { return {}; }
  /// Multiply-adds of the forward pass for one image.
  virtual std::int64_t multiply_adds(const Shape& /*input*/) const { return 0; }

  /// Where this layer reads a second input: what went into the layer this many before it. 0: none.
  virtual std::int64_t layers_back() const { return 0; }

  /// Whether this layer, after one that ends in a ReLU, can do that ReLU's backward pass too.
  virtual bool takes_over_relu() const { return false; }

  /// Adds this layer's operations to a plan and returns where its output will be.
  virtual Activation plan(PlanBuilder& builder, const Activation& input) const = 0;
};

/// The options that make the layer again, with its `type`.
Options to_options(const Layer& layer);

/// Makes a layer from its type and options, as read from a recipe or a model file.
/// `num_classes` is what an option "classes" stands for. `where` begins error messages.
/// Throws Error{kBadData} for an unknown type, an unknown key, or a value out of range.
std::unique_ptr<Layer> make_layer(const Options& options_with_type, std::int64_t num_classes,
                                  const std::string& where);

}  // namespace digitry
