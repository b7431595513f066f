#include <limits>
#include <string>

#include "digitry/base/error.h"
#include "digitry/base/protobuf.h"
#include "digitry/interchange/onnx_model.h"

// Field numbers are those of onnx.proto.

namespace digitry::onnx {
namespace {

using protobuf::Writer;

Writer constant_message(const Constant& constant) {
  Writer message;
  for (const std::int64_t extent : constant.extents) message.integer(1, extent);
  message.integer(2, static_cast<std::int64_t>(constant.type));
  if (!constant.name.empty()) message.bytes(8, constant.name);
  message.bytes(9, constant.data);
  return message;
}

// Writes the value and its AttributeProto.AttributeType.
struct AttributeWriter {
  Writer& message;

  void operator()(std::int64_t value) const {
    message.integer(3, value);
    message.integer(20, 2);
  }
  void operator()(float value) const {
    message.number(2, value);
    message.integer(20, 1);
  }
  void operator()(const std::string& value) const {
    message.bytes(4, value);
    message.integer(20, 3);
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    for (const std::int64_t value : values) message.integer(8, value);
    message.integer(20, 7);
  }
  void operator()(const std::vector<float>& values) const {
    for (const float value : values) message.number(7, value);
    message.integer(20, 6);
  }
  void operator()(const Constant& value) const {
    message.message(5, constant_message(value));
    message.integer(20, 4);
  }
};

Writer node_message(const Node& node) {
  Writer message;
  for (const std::string& input : node.inputs) message.bytes(1, input);
  for (const std::string& output : node.outputs) message.bytes(2, output);
  message.bytes(3, node.name);
  message.bytes(4, node.op_type);
  for (const auto& [name, value] : node.attributes) {
    Writer attribute;
    attribute.bytes(1, name);
    std::visit(AttributeWriter{attribute}, value);
    message.message(5, attribute);
  }
  if (!node.domain.empty()) message.bytes(7, node.domain);
  return message;
}

Writer value_message(const ValueInfo& value) {
  Writer shape, tensor, type, message;
  for (const auto& extent : value.extents) {
    Writer dimension;
    if (const auto* number = std::get_if<std::int64_t>(&extent))
      dimension.integer(1, *number);
    else
      dimension.bytes(2, std::get<std::string>(extent));
    shape.message(1, dimension);
  }
  tensor.integer(1, static_cast<std::int64_t>(value.type));
  tensor.message(2, shape);
  type.message(1, tensor);
  message.bytes(1, value.name);
  message.message(2, type);
  if (!value.description.empty()) message.bytes(3, value.description);
  return message;
}

Writer graph_message(const Graph& graph) {
  Writer message;
  for (const Node& node : graph.nodes) message.message(1, node_message(node));
  message.bytes(2, graph.name);
  for (const Constant& constant : graph.constants) message.message(5, constant_message(constant));
  for (const ValueInfo& input : graph.inputs) message.message(11, value_message(input));
  for (const ValueInfo& output : graph.outputs) message.message(12, value_message(output));
  return message;
}

}  // namespace

std::string to_bytes(const OnnxModel& model) {
  Writer message;
  message.integer(1, model.ir_version);
  message.bytes(2, model.producer_name);
  message.bytes(3, model.producer_version);
  if (!model.description.empty()) message.bytes(6, model.description);
  message.message(7, graph_message(model.graph));
  Writer opset;
  opset.bytes(1, "");  // The domain of ONNX itself.
  opset.integer(2, model.opset);
  message.message(8, opset);
  for (const auto& [key, value] : model.metadata) {
    Writer entry;
    entry.bytes(1, key);
    entry.bytes(2, value);
    message.message(14, entry);
  }
  constexpr std::size_t kMaxBytes = std::numeric_limits<std::int32_t>::max();
  if (message.bytes().size() > kMaxBytes)
    throw Error(
        ErrorCode::kInvalidArgument,
        "ONNX: expected a model of at most {} bytes, the limit of Protocol Buffers, got {}; "
        "export fewer networks",
        kMaxBytes, message.bytes().size());
  return std::move(message).take();
}

}  // namespace digitry::onnx
