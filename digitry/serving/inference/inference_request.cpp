#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"
#include "digitry/serving/inference/inference_protocol.h"

namespace digitry::serving {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

template <typename... Args>
[[noreturn]] void fail(MessageFormat<std::type_identity_t<Args>...> format, const Args&... args) {
  throw Error(ErrorCode::kBadData, format, args...);
}

// The members of a JSON object. A duplicate key is an error.
class Fields {
 public:
  Fields(const object& fields, std::string where) : fields_(fields), where_(std::move(where)) {}

  std::optional<element> find(std::string_view key) const {
    std::optional<element> found;
    for (const simdjson::dom::key_value_pair field : fields_) {
      if (field.key != key) continue;
      if (found) fail("{}: duplicate key \"{}\"", where_, key);
      found = field.value;
    }
    return found;
  }

  std::string_view text(std::string_view key) const {
    const std::optional<element> value = find(key);
    std::string_view text;
    if (!value || value->get(text) != simdjson::SUCCESS)
      fail("{}: expected a string \"{}\"", where_, key);
    return text;
  }

  std::optional<array> find_list(std::string_view key) const {
    const std::optional<element> value = find(key);
    array list;
    if (!value) return std::nullopt;
    if (value->get(list) != simdjson::SUCCESS) fail("{}: \"{}\": expected a list", where_, key);
    return list;
  }

  std::optional<Fields> find_parameters() const {
    const std::optional<element> value = find("parameters");
    object parameters;
    if (!value) return std::nullopt;
    if (value->get(parameters) != simdjson::SUCCESS)
      fail("{}: \"parameters\": expected an object", where_);
    return Fields(parameters, where_ + ": parameters");
  }

  std::optional<bool> find_flag(std::string_view key) const {
    const std::optional<element> value = find(key);
    bool flag = false;
    if (!value) return std::nullopt;
    if (value->get(flag) != simdjson::SUCCESS)
      fail("{}: \"{}\": expected true or false", where_, key);
    return flag;
  }

  const std::string& where() const { return where_; }

 private:
  object fields_;
  std::string where_;
};

std::optional<bool> flag_in_parameters(const Fields& fields, std::string_view key) {
  const std::optional<Fields> parameters = fields.find_parameters();
  return parameters ? parameters->find_flag(key) : std::nullopt;
}

Fields fields_of(const element& value, std::string where) {
  object fields;
  if (value.get(fields) != simdjson::SUCCESS) fail("{}: expected an object", where);
  return {fields, std::move(where)};
}

// The request's shape, [N, C, H, W] or [N, C·H·W].
std::vector<std::int64_t> read_shape(const Fields& input, const Shape& input_shape) {
  const std::optional<array> list = input.find_list("shape");
  if (!list) fail("{}: \"shape\" is missing", input.where());
  std::vector<std::int64_t> extents;
  for (const element value : *list) {
    std::int64_t extent = 0;
    if (value.get(extent) != simdjson::SUCCESS || extents.size() == 8)
      fail("{}: \"shape\": expected a list of at most 8 integers", input.where());
    extents.push_back(extent);
  }
  const std::vector<std::int64_t>& image = input_shape.extents();
  const bool as_images =
      extents.size() == image.size() + 1 && std::equal(image.begin(), image.end(), &extents[1]);
  const bool as_rows = extents.size() == 2 && extents[1] == input_shape.num_elements();
  if (!as_images && !as_rows)
    fail("{}: expected shape [N,{}] or [N,{}], got [{}]", input.where(),
         fmt::format("{}", fmt::join(image, ",")), input_shape.num_elements(),
         fmt::format("{}", fmt::join(extents, ",")));
  if (extents[0] < 1 || extents[0] > kMaxBatchSize)
    fail("{}: expected 1 to {} images, got {}", input.where(), kMaxBatchSize, extents[0]);
  return extents;
}

// The value as JSON, shortened.
std::string shown(const element& value) {
  constexpr std::size_t kMaxShown = 40;
  const std::string text = simdjson::to_string(value);
  return text.size() <= kMaxShown ? text : text.substr(0, kMaxShown) + "...";
}

bool is_pixel(double value) { return value >= 0 && value <= 255; }  // False for NaN.

std::uint8_t read_element(const element& value, std::size_t index, std::uint8_t /*type*/) {
  std::uint64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS || number > 255)
    fail("{}: expected integers from 0 to 255; element {} is {}", kInputName, index, shown(value));
  return static_cast<std::uint8_t>(number);
}

float read_element(const element& value, std::size_t index, float /*type*/) {
  double number = 0;
  if (value.get(number) != simdjson::SUCCESS || !is_pixel(number))
    fail("{}: expected numbers from 0 to 255; element {} is {}", kInputName, index, shown(value));
  return static_cast<float>(number);
}

// Reads "data": one flat list, or lists nested as deep as the shape.
template <typename Pixel>
class ElementReader {
 public:
  explicit ElementReader(std::span<Pixel> to) : to_(to) {}

  void read(const array& list, std::span<const std::int64_t> extents) {
    const auto all = std::ssize(to_);
    const auto first = list.begin();
    if (first != list.end() && (*first).is_array())
      read_nested(list, extents);
    else
      read_nested(list, std::span(&all, 1));
  }

 private:
  void read_nested(const array& list, std::span<const std::int64_t> extents) {
    std::int64_t count = 0;
    for (const element value : list) {
      if (++count > extents.front()) break;
      if (extents.size() == 1) {
        to_[next_] = read_element(value, next_, Pixel{});
        ++next_;
        continue;
      }
      array inner;
      if (value.get(inner) != simdjson::SUCCESS)
        fail("{}: \"data\": expected one list of numbers, or lists nested as deep as the shape",
             kInputName);
      read_nested(inner, extents.subspan(1));
    }
    if (count != extents.front())
      fail("{}: \"data\": expected {} elements in a list, got {}", kInputName, extents.front(),
           count > extents.front() ? "more" : std::to_string(count));
  }

  std::span<Pixel> to_;
  std::size_t next_ = 0;
};

void check_pixels(std::span<const float> pixels) {
  const auto bad = std::ranges::find_if_not(pixels, is_pixel);
  if (bad != pixels.end())
    fail("{}: expected numbers from 0 to 255; element {} is {}", kInputName, bad - pixels.begin(),
         *bad);
}

// "binary_data_size" of `input`; nothing if its tensor is not in binary.
std::optional<std::uint64_t> binary_size(const Fields& input) {
  const std::optional<Fields> parameters = input.find_parameters();
  const std::optional<element> value =
      parameters ? parameters->find("binary_data_size") : std::nullopt;
  std::uint64_t size = 0;
  if (!value) return std::nullopt;
  if (value->get(size) != simdjson::SUCCESS)
    fail("{}: \"binary_data_size\": expected a number of bytes", input.where());
  return size;
}

void read_binary(std::string_view binary, std::uint64_t claimed, Tensor& images) {
  if (claimed != images.num_bytes() || claimed != binary.size())
    fail(
        "{}: expected {} bytes for the shape; binary_data_size is {}, and {} bytes follow the JSON",
        kInputName, images.num_bytes(), claimed, binary.size());
  std::memcpy(images.data(), binary.data(), binary.size());
  if (images.dtype() == DType::kF32) check_pixels(std::as_const(images).as<float>());
}

void read_json(const Fields& input, std::span<const std::int64_t> extents, Tensor& images) {
  const std::optional<array> data = input.find_list("data");
  if (!data) fail("{}: \"data\" is missing", input.where());
  if (images.dtype() == DType::kU8)
    ElementReader(images.as<std::uint8_t>()).read(*data, extents);
  else
    ElementReader(images.as<float>()).read(*data, extents);
}

DType read_datatype(const Fields& input) {
  const std::string_view name = input.text("datatype");
  if (name == "UINT8") return DType::kU8;
  if (name == "FP32") return DType::kF32;
  fail("{}: expected datatype UINT8 or FP32, got {}", input.where(), name);
}

Tensor read_images(const Fields& request, std::string_view body, std::size_t json_size,
                   const Shape& input_shape) {
  const std::optional<array> inputs = request.find_list("inputs");
  if (!inputs || inputs->size() != 1)
    fail("expected \"inputs\" with exactly one input, \"{}\"", kInputName);
  const Fields input = fields_of(*inputs->begin(), "inputs[0]");
  if (const std::string_view name = input.text("name"); name != kInputName)
    fail("inputs[0]: expected the input \"{}\", got \"{}\"", kInputName, name);
  const DType dtype = read_datatype(input);
  const std::vector<std::int64_t> extents = read_shape(input, input_shape);
  const std::optional<std::uint64_t> claimed = binary_size(input);
  const auto num_elements = static_cast<std::uint64_t>(extents[0] * input_shape.num_elements());
  // An element takes at least two bytes of JSON. So a short body cannot cause a large allocation.
  const std::uint64_t least = claimed ? num_elements * size_of(dtype) : 2 * num_elements - 1;
  if (least > body.size())
    fail("{}: the shape needs {} elements, more than the body can hold", kInputName, num_elements);
  Tensor images(input_shape.with_batch(extents[0]), dtype);
  if (claimed)
    read_binary(body.substr(json_size), *claimed, images);
  else if (body.size() != json_size)
    fail("{} bytes follow the JSON, but no input has binary_data_size", body.size() - json_size);
  else
    read_json(input, extents, images);
  return images;
}

OutputKind output_kind(std::string_view name) {
  if (name == "logits") return OutputKind::kLogits;
  if (name == "probabilities") return OutputKind::kProbabilities;
  if (name == "class") return OutputKind::kClass;
  fail("expected the outputs \"logits\", \"probabilities\" and \"class\", got \"{}\"", name);
}

std::vector<RequestedOutput> read_outputs(const Fields& request) {
  const bool binary = flag_in_parameters(request, "binary_data_output").value_or(false);
  const std::optional<array> list = request.find_list("outputs");
  std::vector<RequestedOutput> outputs;
  if (!list || list->size() == 0) {
    for (const OutputKind kind :
         {OutputKind::kLogits, OutputKind::kProbabilities, OutputKind::kClass})
      outputs.push_back({kind, binary});
    return outputs;
  }
  for (const element value : *list) {
    const Fields output = fields_of(value, fmt::format("outputs[{}]", outputs.size()));
    const OutputKind kind = output_kind(output.text("name"));
    if (std::ranges::find(outputs, kind, &RequestedOutput::kind) != outputs.end())
      fail("{}: duplicate output \"{}\"", output.where(), output.text("name"));
    outputs.push_back({kind, flag_in_parameters(output, "binary_data").value_or(binary)});
  }
  return outputs;
}

// A parser per thread. It keeps its memory for the next request, except after a large one.
class LentParser {
 public:
  LentParser() = default;
  ~LentParser() {
    if (parser().capacity() > kKeptBytes) parser() = simdjson::dom::parser();
  }
  LentParser(const LentParser&) = delete;
  LentParser& operator=(const LentParser&) = delete;

  /// The element is valid as long as this object.
  static element parse(std::string_view json) {
    element root;
    const simdjson::error_code error = parser().parse(json.data(), json.size()).get(root);
    if (error != simdjson::SUCCESS) fail("not JSON: {}", simdjson::error_message(error));
    return root;
  }

 private:
  static constexpr std::size_t kKeptBytes = std::size_t{1} << 18;

  static simdjson::dom::parser& parser() {
    thread_local simdjson::dom::parser parser;
    return parser;
  }
};

}  // namespace

InferenceRequest parse_inference_request(std::string_view body, std::size_t json_size,
                                         const Shape& input_shape) {
  if (json_size > body.size())
    fail("Inference-Header-Content-Length is {} bytes, but the body has {}", json_size,
         body.size());
  const LentParser parser;
  const Fields request = fields_of(LentParser::parse(body.substr(0, json_size)), "request");
  InferenceRequest parsed;
  if (request.find("id")) parsed.id = request.text("id");
  parsed.outputs = read_outputs(request);
  parsed.images = read_images(request, body, json_size, input_shape);
  return parsed;
}

}  // namespace digitry::serving
