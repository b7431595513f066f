#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "digitry/nn/layer.h"
#include "digitry/nn/parameter.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// One row of a network's summary.
struct LayerSummary {
  std::string name;  ///< "1 dense"
  Shape output_shape;
  std::int64_t num_parameters = 0;
  std::int64_t multiply_adds = 0;  ///< For one image, forward.
};

/// An architecture with the values of its parameters, as a model file stores them. It computes
/// nothing itself; a Plan made from it does.
///
///   Network network({1, 28, 28});
///   network.add(Flatten{}).add(Dense{.out_features = 128}).add(Relu{});
///   network.add(Dense{.out_features = 10});
class Network {
 public:
  /// A network without layers for images of `input_shape`, [channels, height, width].
  explicit Network(Shape input_shape);

  /// Adds a layer after the last one. The network has as many classes as its last layer has
  /// outputs. Throws what the other constructor throws if the layer is invalid or does not fit, and
  /// Error{kInvalidArgument} if the network already has values or was moved from. The network is
  /// then unchanged.
  Network& add(const Attributes& layer);

  /// A network whose parameters have no values yet: call `initialize` or `set_parameters`. Each
  /// entry of `layer_attributes` has a `type`, as in a recipe.
  /// Throws Error{kShapeMismatch} or Error{kBadData} naming the layer that does not fit, also if
  /// the output is not [num_classes], or if there are no parameters or more than 2^28.
  Network(Shape input_shape, std::int64_t num_classes,
          const std::vector<Attributes>& layer_attributes);

  /// Throws Error{kInvalidArgument} if there are no layers: none was added, or the network was
  /// moved from. Throws Error{kBadData} if no layer has parameters, Error{kShapeMismatch} if the
  /// output of the last layer is not one-dimensional. A Plan needs a complete network.
  void check_complete() const;

  /// A copy that shares nothing with this network.
  Network clone() const;

  /// Draws the initial parameters, a function of the seed alone.
  void initialize(std::uint64_t seed);

  const Shape& input_shape() const { return input_shape_; }
  /// 0 while the output of the last layer is not one-dimensional.
  std::int64_t num_classes() const { return num_classes_; }
  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
  /// The options of every layer, with every default filled in.
  std::vector<Attributes> layer_attributes() const;

  /// Empty before `initialize` or `set_parameters`.
  std::span<const Parameter> parameters() const { return parameters_; }
  /// Number of trainable values.
  std::int64_t num_parameters() const;
  /// Names of the parameters that are not trainable.
  std::vector<std::string> running_statistics() const;
  /// Replaces all values. Throws Error{kShapeMismatch} if names or shapes differ from this
  /// network's.
  void set_parameters(std::vector<Parameter> parameters);

  std::vector<LayerSummary> summary() const;

 private:
  // The option value "classes" stands for `num_classes`; 0 if that is not known.
  void append(const Attributes& options, std::int64_t num_classes);
  void check_skip(const Layer& layer) const;

  Shape input_shape_;
  std::int64_t num_classes_ = 0;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Shape> shapes_;  ///< Input of each layer, then the output of the last.
  std::vector<ParameterSpec> specs_;
  std::vector<Parameter> parameters_;
};

}  // namespace digitry
