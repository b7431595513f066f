#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "digitry/interchange/onnx_model.h"
#include "digitry/nn/network.h"

namespace digitry::onnx {

/// The name of a value in a graph.
using ValueName = std::string;

/// Builds a graph node by node. Every value gets a name of its own.
class GraphBuilder {
 public:
  /// Adds a node with one output, which it returns. `label` names both: "conv2d", "conv2d_2"...
  ValueName add(const std::string& label, const std::string& op_type, std::vector<ValueName> inputs,
                std::vector<std::pair<std::string, AttributeValue>> attributes = {});
  /// Renames the value, which a node has returned. Expects a new name.
  void rename(const ValueName& from, const ValueName& to);

  ValueName constant(const std::string& label, std::span<const float> values,
                     std::vector<std::int64_t> extents);
  ValueName constant(const std::string& label, const Tensor& values);
  ValueName scalar(const std::string& label, float value);
  ValueName integers(const std::string& label, const std::vector<std::int64_t>& values);
  ValueName indices(const std::string& label, std::span<const std::int32_t> values);

  Graph& graph() { return graph_; }

 private:
  std::string new_name(const std::string& label);
  ValueName add_constant(const std::string& label, ElementType type,
                         std::vector<std::int64_t> extents, std::string data);

  Graph graph_;
  std::vector<std::string> names_;  // Sorted.
};

/// What a network computes from its input.
struct NetworkValues {
  ValueName logits;    ///< [N, classes]
  ValueName features;  ///< [N, features]: the input of the last layer with weights.
};

/// Adds the layers of a network. `prefix` begins the names of its nodes. Throws
/// Error{kInvalidArgument} naming a layer that ONNX cannot express.
NetworkValues add_network(GraphBuilder& builder, const Network& network, const ValueName& input,
                          const std::string& prefix);

}  // namespace digitry::onnx
