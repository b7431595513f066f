#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "digitry/interchange/onnx_model.h"

namespace digitry::onnx {

/// A node whose attributes and constant inputs can be read. All functions throw Error{kBadData},
/// whose message names the file and the node, for what is missing or of another type.
class NodeReader {
 public:
  NodeReader(const Node& node, const std::map<std::string, const Constant*>& constants,
             const std::string& source)
      : node_(node), constants_(constants), source_(source) {}

  const std::string& type() const { return node_.op_type; }
  std::size_t num_inputs() const { return node_.inputs.size(); }
  /// Whether input `i` is there and is a constant.
  bool is_constant(std::size_t i) const;
  const Constant& constant(std::size_t i) const;
  std::vector<float> floats(std::size_t i) const;
  std::vector<std::int64_t> integers(std::size_t i) const;

  bool has(const std::string& attribute) const { return find(attribute) != nullptr; }
  std::int64_t integer(const std::string& attribute, std::int64_t fallback) const;
  float number(const std::string& attribute, float fallback) const;
  std::string text(const std::string& attribute, const std::string& fallback) const;
  std::vector<std::int64_t> list(const std::string& attribute,
                                 const std::vector<std::int64_t>& fallback) const;

  [[noreturn]] void fail(const std::string& problem) const;

 private:
  const AttributeValue* find(const std::string& attribute) const;

  const Node& node_;
  const std::map<std::string, const Constant*>& constants_;
  const std::string& source_;
};

/// The elements of a constant as float. Throws Error{kBadData} if they are not numbers.
std::vector<float> floats_of(const Constant& constant, const std::string& source);

/// The nodes from the graph's input to its output.
struct Chain {
  ValueInfo input;
  /// Shapes of Reshape nodes that the graph computes from the number of images.
  std::deque<Constant> shapes;
  /// Nodes Gelu and Silu in place of those that compute them.
  std::deque<Node> activations;
  std::vector<NodeReader> nodes;
};

/// Finds the chain. `constants` receives the constants of the graph, those of nodes too, and must
/// outlive the chain, as must the model. A shape that is computed as Concat of the number of images
/// and constants (so Keras flattens) counts as a constant. x · (1 + erf(x / √2)) / 2 and
/// x · sigmoid(x), in any order, become one node. Throws Error{kBadData} if there is none:
/// a node that combines two computed values, a cycle, a value that no node computes.
Chain chain_of(const OnnxModel& model, const std::string& source,
               std::map<std::string, const Constant*>& constants);

}  // namespace digitry::onnx
