#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include "digitry/base/error.h"
#include "digitry/base/protobuf.h"
#include "digitry/base/text.h"
#include "digitry/interchange/onnx_model.h"

// Field numbers are those of onnx.proto. Fields that Digitry does not use are skipped.

namespace digitry::onnx {
namespace {

using protobuf::Field;
using protobuf::Reader;

constexpr std::size_t kMaxNodes = 10000;
constexpr std::size_t kMaxRank = 8;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;

// What the messages of errors begin with.
struct Context {
  const std::string& source;

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorCode::kBadData, "{}: ONNX: {}", source, clean_utf8(problem));
  }
};

std::string text_of(const Field& field) { return std::string(field.bytes()); }

std::size_t element_size(ElementType type) {
  switch (type) {
    case ElementType::kUint8:
    case ElementType::kInt8:
      return 1;
    case ElementType::kFloat:
    case ElementType::kInt32:
      return 4;
    case ElementType::kInt64:
    case ElementType::kDouble:
      return 8;
    case ElementType::kString:
      break;
  }
  return 0;
}

template <typename T>
void append(std::string& data, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  data.append(bytes, sizeof value);
}

// Adds the integers of a repeated field, packed or not.
void append_integers(const Field& field, std::vector<std::int64_t>& values) {
  if (!field.is_bytes()) return values.push_back(field.integer());
  for (Reader packed = field.packed(); !packed.at_end();) values.push_back(packed.varint());
}

// The elements of float_data, double_data: little-endian as they are.
void append_fixed(const Field& field, std::string& data) {
  if (field.is_bytes())
    data += field.bytes();
  else if (field.wire_type() == 5)
    append(data, std::bit_cast<std::uint32_t>(field.number()));
  else
    append(data, field.integer());
}

Constant parse_constant(Reader reader, const Context& context) {
  Constant constant;
  std::int64_t type = 0;
  bool is_external = false;
  std::string fixed;
  std::vector<std::int64_t> integers;
  while (const auto field = reader.next()) switch (field->number_of()) {
      case 1:
        append_integers(*field, constant.extents);
        break;
      case 2:
        type = field->integer();
        break;
      case 4:
      case 10:
        append_fixed(*field, fixed);
        break;
      case 5:
      case 7:
        append_integers(*field, integers);
        break;
      case 8:
        constant.name = text_of(*field);
        break;
      case 9:
        constant.data = text_of(*field);
        break;
      case 13:
        is_external = true;
        break;
      case 14:
        is_external = is_external || field->integer() == 1;
        break;
      default:
        break;
    }
  const std::string where = "tensor '" + constant.name + "': ";
  if (is_external)
    context.fail(where +
                 "its values are in another file; save the model with its weights inside "
                 "(onnx.save_model without save_as_external_data)");
  constant.type = static_cast<ElementType>(type);
  const std::size_t size = element_size(constant.type);
  if (size == 0)
    context.fail(where + format_message("expected float, double or integers, got type {}{}", type,
                                        type == 8    ? " (string)"
                                        : type == 10 ? " (float16)"
                                                     : ""));
  if (constant.extents.size() > kMaxRank)
    context.fail(where + format_message("expected at most {} dimensions, got {}", kMaxRank,
                                        constant.extents.size()));
  std::int64_t elements = 1;
  for (const std::int64_t extent : constant.extents) {
    if (extent < 0 || extent > kMaxElements || elements * extent > kMaxElements)
      context.fail(where + format_message("expected 0 to {} elements, got an extent of {}",
                                          kMaxElements, extent));
    elements *= extent;
  }
  if (!fixed.empty()) constant.data = std::move(fixed);
  for (const std::int64_t value : integers) {
    if (size == 1)
      append(constant.data, static_cast<std::int8_t>(value));
    else if (size == 4)
      append(constant.data, static_cast<std::int32_t>(value));
    else
      append(constant.data, value);
  }
  if (constant.data.size() != static_cast<std::size_t>(elements) * size)
    context.fail(where + format_message("expected {} bytes of values, got {}",
                                        static_cast<std::size_t>(elements) * size,
                                        constant.data.size()));
  return constant;
}

std::pair<std::string, AttributeValue> parse_attribute(Reader reader, const Context& context) {
  std::string name;
  AttributeValue value = std::int64_t{0};
  std::vector<std::int64_t> integers;
  while (const auto field = reader.next()) switch (field->number_of()) {
      case 1:
        name = text_of(*field);
        break;
      case 2:
        value = field->number();
        break;
      case 3:
        value = field->integer();
        break;
      case 4:
        value = text_of(*field);
        break;
      case 5:
        value = parse_constant(field->message(), context);
        break;
      case 8:
        append_integers(*field, integers);
        value = integers;
        break;
      default:
        break;
    }
  return {std::move(name), std::move(value)};
}

Node parse_node(Reader reader, const Context& context) {
  Node node;
  while (const auto field = reader.next()) switch (field->number_of()) {
      case 1:
        node.inputs.push_back(text_of(*field));
        break;
      case 2:
        node.outputs.push_back(text_of(*field));
        break;
      case 3:
        node.name = text_of(*field);
        break;
      case 4:
        node.op_type = text_of(*field);
        break;
      case 5:
        node.attributes.push_back(parse_attribute(field->message(), context));
        break;
      case 7:
        node.domain = text_of(*field);
        break;
      default:
        break;
    }
  return node;
}

// TensorShapeProto
void parse_shape(Reader reader, ValueInfo& value) {
  while (const auto field = reader.next()) {
    if (field->number_of() != 1) continue;
    std::variant<std::int64_t, std::string> extent = std::string();
    for (Reader dimension = field->message(); const auto part = dimension.next();) {
      if (part->number_of() == 1) extent = part->integer();
      if (part->number_of() == 2) extent = text_of(*part);
    }
    value.extents.push_back(std::move(extent));
  }
}

ValueInfo parse_value(Reader reader) {
  ValueInfo value;
  value.type = static_cast<ElementType>(0);
  while (const auto field = reader.next()) {
    if (field->number_of() == 1) value.name = text_of(*field);
    if (field->number_of() != 2) continue;
    for (Reader type = field->message(); const auto kind = type.next();) {
      if (kind->number_of() != 1) continue;  // Not a tensor.
      for (Reader tensor = kind->message(); const auto part = tensor.next();) {
        if (part->number_of() == 1) value.type = static_cast<ElementType>(part->integer());
        if (part->number_of() == 2) parse_shape(part->message(), value);
      }
    }
  }
  return value;
}

Graph parse_graph(Reader reader, const Context& context) {
  Graph graph;
  while (const auto field = reader.next()) switch (field->number_of()) {
      case 1:
        if (graph.nodes.size() == kMaxNodes)
          context.fail(format_message("expected at most {} nodes", kMaxNodes));
        graph.nodes.push_back(parse_node(field->message(), context));
        break;
      case 2:
        graph.name = text_of(*field);
        break;
      case 5:
        graph.constants.push_back(parse_constant(field->message(), context));
        break;
      case 11:
        graph.inputs.push_back(parse_value(field->message()));
        break;
      case 12:
        graph.outputs.push_back(parse_value(field->message()));
        break;
      case 15:
        context.fail("sparse tensors are not supported");
      default:
        break;
    }
  return graph;
}

}  // namespace

OnnxModel parse_onnx(std::string_view bytes, const std::string& source) {
  const Context context{source};
  OnnxModel model;
  model.ir_version = 0;
  model.opset = 0;
  Reader reader(bytes, source);
  while (const auto field = reader.next()) switch (field->number_of()) {
      case 1:
        model.ir_version = field->integer();
        break;
      case 2:
        model.producer_name = text_of(*field);
        break;
      case 3:
        model.producer_version = text_of(*field);
        break;
      case 7:
        model.graph = parse_graph(field->message(), context);
        break;
      case 8: {
        std::string domain;
        std::int64_t version = 0;
        for (Reader opset = field->message(); const auto part = opset.next();) {
          if (part->number_of() == 1) domain = text_of(*part);
          if (part->number_of() == 2) version = part->integer();
        }
        if (domain.empty() || domain == "ai.onnx") model.opset = version;
        break;
      }
      case 14: {
        std::pair<std::string, std::string> entry;
        for (Reader property = field->message(); const auto part = property.next();) {
          if (part->number_of() == 1) entry.first = text_of(*part);
          if (part->number_of() == 2) entry.second = text_of(*part);
        }
        model.metadata.push_back(std::move(entry));
        break;
      }
      default:
        break;
    }
  if (model.ir_version == 0 || model.graph.nodes.empty())
    context.fail("expected a model with a graph of nodes, found none; is this an ONNX file?");
  return model;
}

}  // namespace digitry::onnx
