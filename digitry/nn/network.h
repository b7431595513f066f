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

/// An architecture with the values of its parameters: what a model file holds. It computes nothing
/// itself; a Plan made from it does.
///
///   Network network({1, 28, 28});
///   network.add(Flatten{}).add(Dense{.out_features = 128}).add(Relu{});
///   network.add(Dense{.out_features = 10});
class Network {
 public:
  /// A network without layers for images of `input_shape`, [channels, height, width].
  explicit Network(Shape input_shape);

  /// Adds a layer after the last one. The network has as many classes as its last layer has
  /// outputs. Throws what the other constructor throws for a layer that is impossible or does not
  /// fit, and Error{kInvalidArgument} if the network has values already or was moved from. The
  /// network is as before then.
  Network& add(const Attributes& layer);

  /// A network without values yet: `initialize` or `set_parameters` gives them. `layer_attributes`
  /// hold a `type` each, as in a recipe.
  /// Throws Error{kShapeMismatch} or Error{kBadData} naming the layer that does not fit, also
  /// where the output is not [num_classes] or the parameters number none or more than 2^28.
  Network(Shape input_shape, std::int64_t num_classes,
          const std::vector<Attributes>& layer_attributes);

  /// Throws Error{kInvalidArgument} if there are no layers: none was added, or the network was
  /// moved from. Throws Error{kBadData} if no layer has parameters, Error{kShapeMismatch} if the
  /// last layer gives no row of logits. Plans are made of complete networks alone.
  void check_complete() const;

  /// A copy that shares nothing with this network.
  Network clone() const;

  /// Draws the initial parameters, a function of the seed alone.
  void initialize(std::uint64_t seed);

  const Shape& input_shape() const { return input_shape_; }
  /// 0 while the last layer gives something else than a row of logits.
  std::int64_t num_classes() const { return num_classes_; }
  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
  /// What the constructor was given, with every default filled in.
  std::vector<Attributes> layer_attributes() const;

  /// Empty before `initialize` or `set_parameters`.
  std::span<const Parameter> parameters() const { return parameters_; }
  /// Those that an optimizer moves.
  std::int64_t num_parameters() const;
  /// Replaces all values. Throws Error{kShapeMismatch} where names or shapes differ from this
  /// network's.
  void set_parameters(std::vector<Parameter> parameters);

  std::vector<LayerSummary> summary() const;

 private:
  // `num_classes` is what the option "classes" stands for; 0: for nothing.
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
