#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace digitry::onnx {

// An ONNX model as far as Digitry writes and reads it (github.com/onnx/onnx, onnx.proto).

/// TensorProto.DataType; others exist.
enum class ElementType : std::int32_t {
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kDouble = 11,
};

/// A constant of the graph.
struct Constant {
  std::string name;
  ElementType type = ElementType::kFloat;
  std::vector<std::int64_t> extents;
  std::string data;  ///< The elements, little-endian, row-major.
};

using AttributeValue = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>,
                                    std::vector<float>, Constant>;

struct Node {
  std::string name;
  std::string op_type;
  std::string domain;
  std::vector<std::string> inputs;  ///< "" for an optional input that is left out.
  std::vector<std::string> outputs;
  std::vector<std::pair<std::string, AttributeValue>> attributes;
};

/// An input or output of the graph. An extent is a number or the name of a variable one.
struct ValueInfo {
  std::string name;
  ElementType type = ElementType::kFloat;
  std::vector<std::variant<std::int64_t, std::string>> extents;
  std::string description;
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;  ///< In an order of computation.
  std::vector<Constant> constants;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
};

struct OnnxModel {
  std::int64_t ir_version = 8;
  std::int64_t opset = 17;
  std::string producer_name;
  std::string producer_version;
  std::string description;
  std::vector<std::pair<std::string, std::string>> metadata;
  Graph graph;
};

/// Reads a file. Attributes that are graphs or lists of texts or tensors are left out. Throws
/// Error{kBadData}, whose message begins with `source`, if the bytes are not ONNX, if a tensor is
/// malformed, too large, of texts or 16-bit floats, or in another file.
OnnxModel parse_onnx(std::string_view bytes, const std::string& source);

/// The file. Throws Error{kInvalidArgument} if it would be longer than the 2 GiB that Protocol
/// Buffers allow.
std::string to_bytes(const OnnxModel& model);

}  // namespace digitry::onnx
