#include "digitry/interchange/onnx_chain.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <optional>

#include "digitry/base/error.h"
#include "digitry/base/text.h"

namespace digitry::onnx {
namespace {

template <typename T, typename Result>
std::vector<Result> converted(const std::string& data) {
  std::vector<Result> values(data.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, data.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<Result>(value);
  }
  return values;
}

// What only names or copies its first input.
bool passes_through(const Node& node) {
  return node.op_type == "Identity" || node.op_type == "Cast" || node.op_type == "Dropout" ||
         node.op_type == "ZipMap";
}

class Tracer {
 public:
  Tracer(const OnnxModel& model, const std::string& source,
         std::map<std::string, const Constant*>& constants)
      : graph_(model.graph), source_(source), constants_(constants) {
    for (const Constant& constant : graph_.constants) constants_[constant.name] = &constant;
    for (const Node& node : graph_.nodes) {
      if (node.op_type == "Constant") add_constant(node);
      for (const std::string& output : node.outputs)
        if (!output.empty() && !producers_.emplace(output, &node).second)
          fail("two nodes compute '" + output + "'");
    }
  }

  Chain trace() {
    if (graph_.outputs.empty()) fail("expected an output, found none");
    // An output behind a softmax is the one with the probabilities; else the first.
    std::string answer = graph_.outputs.front().name;
    for (const ValueInfo& output : graph_.outputs) {
      const Node* node = producer(output.name);
      for (std::size_t steps = 0; node != nullptr && passes_through(*node) &&
                                  !node->inputs.empty() && steps <= graph_.nodes.size();
           ++steps)
        node = producer(node->inputs.front());
      if (node != nullptr && (node->op_type == "Softmax" || node->op_type == "LogSoftmax")) {
        answer = output.name;
        break;
      }
    }
    Chain chain;
    std::vector<const Node*> nodes;  // From the answer to the input.
    std::string value = answer;
    while (const Node* node = producer(value)) {
      if (nodes.size() == graph_.nodes.size()) fail("the graph has a cycle at '" + value + "'");
      if (const auto gate = find_activation(value)) {
        chain.activations.push_back({.name = node->name,
                                     .op_type = gate->type,
                                     .domain = "",
                                     .inputs = {gate->input},
                                     .outputs = {value},
                                     .attributes = {}});
        nodes.push_back(&chain.activations.back());
        value = gate->input;
        continue;
      }
      nodes.push_back(node);
      if (node->op_type == "Reshape" && node->inputs.size() > 1) find_shape(node->inputs[1], chain);
      value = computed_input(*node, {*node, constants_, source_});
    }
    std::ranges::reverse(nodes);
    for (const Node* node : nodes) chain.nodes.emplace_back(*node, constants_, source_);
    const auto input = std::ranges::find(graph_.inputs, value, &ValueInfo::name);
    if (input == graph_.inputs.end())
      fail("'" + value + "' is neither an input nor computed by a node");
    chain.input = *input;
    return chain;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorCode::kBadData, "{}: ONNX: {}", source_, clean_utf8(problem));
  }

  void add_constant(const Node& node) {
    for (const auto& [name, value] : node.attributes)
      if (const auto* constant = std::get_if<Constant>(&value);
          constant != nullptr && name == "value" && !node.outputs.empty())
        constants_[node.outputs.front()] = constant;
  }

  const Node* producer(const std::string& value) const {
    if (constants_.contains(value)) return nullptr;
    const auto found = producers_.find(value);
    return found == producers_.end() ? nullptr : found->second;
  }

  // Makes a constant of a shape that is Concat(number of images, constants...). The first extent
  // becomes 0, "as it is".
  void find_shape(const std::string& name, Chain& chain) {
    const Node* node = producer(name);
    for (std::size_t steps = 0; node != nullptr && node->op_type == "Cast" &&
                                !node->inputs.empty() && steps < graph_.nodes.size();
         ++steps)
      node = producer(node->inputs.front());
    if (node == nullptr || node->op_type != "Concat" || node->inputs.empty()) return;
    std::vector<std::int64_t> extents{0};
    const NodeReader reader(*node, constants_, source_);
    for (std::size_t i = 1; i < node->inputs.size(); ++i) {
      if (!reader.is_constant(i)) return;
      const std::vector<std::int64_t> values = reader.integers(i);
      extents.insert(extents.end(), values.begin(), values.end());
    }
    chain.shapes.push_back(
        {.name = name,
         .type = ElementType::kInt64,
         .extents = {std::ssize(extents)},
         .data = {reinterpret_cast<const char*>(extents.data()), 8 * extents.size()}});
    constants_[name] = &chain.shapes.back();
  }

  // The number that a constant of one element holds.
  std::optional<float> number(const std::string& name) const {
    const auto found = constants_.find(name);
    if (found == constants_.end() || found->second->type == ElementType::kString) return {};
    const std::vector<float> values = floats_of(*found->second, source_);
    return values.size() == 1 ? std::optional(values[0]) : std::nullopt;
  }

  // What a node Mul, Div or Add of two inputs combines: a computed value and a number. Division is
  // multiplication by the inverse.
  struct WithNumber {
    std::string value;
    float number;
  };
  std::optional<WithNumber> with_number(const Node& node) const {
    if (node.inputs.size() != 2) return {};
    for (const std::size_t i : {1, 0})
      if (const auto found = number(node.inputs[i]);
          found && !constants_.contains(node.inputs[1 - i]) && (i == 1 || node.op_type != "Div"))
        return WithNumber{node.inputs[1 - i], node.op_type == "Div" ? 1 / *found : *found};
    return {};
  }

  // An activation x · gate(x), as Gelu and Silu are.
  struct Gate {
    const char* type;
    std::string input;  // x
  };

  static bool near(float value, float expected) {
    return std::abs(value - expected) < 1e-4F * expected;
  }

  // Whether `value` is sigmoid(x) or 1 + erf(x / √2).
  std::optional<Gate> gate_of(const std::string& value) const {
    const Node* node = producer(value);
    if (node == nullptr || node->inputs.empty()) return {};
    if (node->op_type == "Sigmoid") return Gate{"Silu", node->inputs[0]};
    const auto sum = node->op_type == "Add" ? with_number(*node) : std::nullopt;
    if (!sum || sum->number != 1) return {};
    node = producer(sum->value);
    if (node == nullptr || node->op_type != "Erf" || node->inputs.empty()) return {};
    node = producer(node->inputs[0]);
    if (node == nullptr || (node->op_type != "Mul" && node->op_type != "Div")) return {};
    const auto scaled = with_number(*node);
    if (!scaled || !near(scaled->number, 1 / std::numbers::sqrt2_v<float>)) return {};
    return Gate{"Gelu", scaled->value};
  }

  // The factors of a product that is spread over several nodes; `whole` is not taken apart.
  struct Factors {
    float number = 1;
    std::vector<std::string> values;
  };
  void collect_factors(const std::string& value, const std::string& whole, int depth,
                       Factors& factors) const {
    constexpr int kMaxDepth = 3;
    const Node* node = producer(value);
    const bool is_product = value != whole && node != nullptr && depth < kMaxDepth &&
                            (node->op_type == "Mul" || node->op_type == "Div");
    if (const auto with = is_product ? with_number(*node) : std::nullopt) {
      factors.number *= with->number;
      collect_factors(with->value, whole, depth + 1, factors);
    } else if (is_product && node->op_type == "Mul" && node->inputs.size() == 2) {
      for (const std::string& input : node->inputs)
        collect_factors(input, whole, depth + 1, factors);
    } else {
      factors.values.push_back(value);
    }
  }

  // The gate, if `value` is the product of x, its gate and, for Gelu, 1/2.
  std::optional<Gate> find_activation(const std::string& value) const {
    Factors all;
    collect_factors(value, "", 0, all);
    for (const std::string& factor : all.values) {
      const auto gate = gate_of(factor);
      if (!gate) continue;
      Factors factors;
      collect_factors(value, gate->input, 0, factors);
      if (factors.values.size() == 2 && std::ranges::count(factors.values, gate->input) == 1 &&
          std::ranges::count(factors.values, factor) == 1 &&
          near(factors.number, gate->type == std::string_view("Gelu") ? 0.5F : 1.0F))
        return gate;
    }
    return {};
  }

  // The one input of a node that is not a constant.
  std::string computed_input(const Node& node, const NodeReader& reader) const {
    std::optional<std::string> computed;
    for (const std::string& input : node.inputs) {
      if (input.empty() || constants_.contains(input)) continue;
      // The mask of a Dropout and the like may be computed; only the first input is data.
      if (computed && passes_through(node)) continue;
      if (computed)
        reader.fail("combines the computed values '" + *computed + "' and '" + input +
                    "'; only chains of layers can be imported");
      computed = input;
    }
    if (!computed) reader.fail("expected an input that is not a constant, found none");
    return *computed;
  }

  const Graph& graph_;
  const std::string& source_;
  std::map<std::string, const Constant*>& constants_;
  std::map<std::string, const Node*> producers_;
};

}  // namespace

void NodeReader::fail(const std::string& problem) const {
  const std::string& name =
      node_.name.empty() && !node_.outputs.empty() ? node_.outputs.front() : node_.name;
  throw Error(ErrorCode::kBadData, "{}: ONNX: node '{}' ({}): {}", source_, clean_utf8(name),
              clean_utf8(node_.op_type), clean_utf8(problem));
}

bool NodeReader::is_constant(std::size_t i) const {
  return i < node_.inputs.size() && constants_.contains(node_.inputs[i]);
}

const Constant& NodeReader::constant(std::size_t i) const {
  if (!is_constant(i)) fail(format_message("expected a constant as input {}", i));
  return *constants_.at(node_.inputs[i]);
}

std::vector<float> NodeReader::floats(std::size_t i) const {
  return floats_of(constant(i), source_);
}

std::vector<std::int64_t> NodeReader::integers(std::size_t i) const {
  const Constant& values = constant(i);
  if (values.type == ElementType::kInt64) return converted<std::int64_t, std::int64_t>(values.data);
  if (values.type == ElementType::kInt32) return converted<std::int32_t, std::int64_t>(values.data);
  fail(format_message("expected integers as input {}", i));
}

const AttributeValue* NodeReader::find(const std::string& attribute) const {
  for (const auto& [name, value] : node_.attributes)
    if (name == attribute) return &value;
  return nullptr;
}

std::int64_t NodeReader::integer(const std::string& attribute, std::int64_t fallback) const {
  const AttributeValue* value = find(attribute);
  if (value == nullptr) return fallback;
  if (!std::holds_alternative<std::int64_t>(*value)) fail("expected an integer as " + attribute);
  return std::get<std::int64_t>(*value);
}

float NodeReader::number(const std::string& attribute, float fallback) const {
  const AttributeValue* value = find(attribute);
  if (value == nullptr) return fallback;
  if (!std::holds_alternative<float>(*value)) fail("expected a number as " + attribute);
  return std::get<float>(*value);
}

std::string NodeReader::text(const std::string& attribute, const std::string& fallback) const {
  const AttributeValue* value = find(attribute);
  if (value == nullptr) return fallback;
  if (!std::holds_alternative<std::string>(*value)) fail("expected a text as " + attribute);
  return std::get<std::string>(*value);
}

std::vector<std::int64_t> NodeReader::list(const std::string& attribute,
                                           const std::vector<std::int64_t>& fallback) const {
  const AttributeValue* value = find(attribute);
  if (value == nullptr) return fallback;
  if (!std::holds_alternative<std::vector<std::int64_t>>(*value))
    fail("expected integers as " + attribute);
  return std::get<std::vector<std::int64_t>>(*value);
}

std::vector<float> floats_of(const Constant& constant, const std::string& source) {
  switch (constant.type) {
    case ElementType::kFloat:
      return converted<float, float>(constant.data);
    case ElementType::kDouble:
      return converted<double, float>(constant.data);
    case ElementType::kUint8:
      return converted<std::uint8_t, float>(constant.data);
    case ElementType::kInt8:
      return converted<std::int8_t, float>(constant.data);
    case ElementType::kInt32:
      return converted<std::int32_t, float>(constant.data);
    case ElementType::kInt64:
      return converted<std::int64_t, float>(constant.data);
    case ElementType::kString:
      break;
  }
  throw Error(ErrorCode::kBadData, "{}: ONNX: tensor '{}': expected numbers", source,
              clean_utf8(constant.name));
}

Chain chain_of(const OnnxModel& model, const std::string& source,
               std::map<std::string, const Constant*>& constants) {
  return Tracer(model, source, constants).trace();
}

}  // namespace digitry::onnx
