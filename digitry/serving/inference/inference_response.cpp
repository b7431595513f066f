#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <utility>

#include "digitry/evaluation/evaluate.h"
#include "digitry/serving/inference/inference_protocol.h"

namespace digitry::serving {
namespace {

static_assert(std::endian::native == std::endian::little, "binary tensors are little-endian");

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

// The class names of the rows: as JSON, or in binary, each after its length in 4 bytes.
struct NamedClasses {
  std::span<const std::string> names;
  std::vector<std::size_t> classes;

  std::string json() const {
    std::string text;
    for (const std::size_t c : classes) {
      if (!text.empty()) text += ',';
      text += json_quoted(names[c]);
    }
    return text;
  }
  std::string binary() const {
    std::string bytes;
    for (const std::size_t c : classes) {
      const auto length = static_cast<std::uint32_t>(names[c].size());
      bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
      bytes += names[c];
    }
    return bytes;
  }
};

std::vector<std::size_t> most_likely_classes(const Tensor& logits) {
  const auto values = logits.as<float>();
  const auto columns = static_cast<std::size_t>(logits.shape()[1]);
  std::vector<std::size_t> classes;
  for (std::size_t at = 0; at < values.size(); at += columns) {
    const auto row = values.subspan(at, columns);
    classes.push_back(static_cast<std::size_t>(std::ranges::max_element(row) - row.begin()));
  }
  return classes;
}

// Writes one output after the other: its entry into the JSON, its elements there or after it.
class OutputWriter {
 public:
  void add(std::string_view name, std::string_view datatype, std::span<const std::int64_t> shape) {
    json_ += fmt::format("{}{{\"name\":\"{}\",\"datatype\":\"{}\",\"shape\":[{}],",
                         json_.empty() ? "" : ",", name, datatype, fmt::join(shape, ","));
  }
  void add_binary(std::string_view bytes) {
    json_ += fmt::format("\"parameters\":{{\"binary_data_size\":{}}}}}", bytes.size());
    binary_ += bytes;
    any_binary_ = true;
  }
  void add_json(std::string_view elements) { json_ += fmt::format("\"data\":[{}]}}", elements); }

  bool any_binary() const { return any_binary_; }
  const std::string& json() const { return json_; }
  const std::string& binary() const { return binary_; }

 private:
  std::string json_;
  std::string binary_;
  bool any_binary_ = false;
};

void write_numbers(OutputWriter& writer, std::string_view name, const Tensor& values, bool binary) {
  writer.add(name, "FP32", values.shape().extents());
  const auto elements = values.as<float>();
  if (binary)
    writer.add_binary(bytes_of(elements));
  else
    writer.add_json(fmt::format("{}", fmt::join(elements, ",")));
}

void write_classes(OutputWriter& writer, const NamedClasses& classes, bool binary) {
  const std::int64_t count = std::ssize(classes.classes);
  writer.add("class", "BYTES", std::span(&count, 1));
  if (binary)
    writer.add_binary(classes.binary());
  else
    writer.add_json(classes.json());
}

// How the images were changed, and which are blank; nothing if neither applies.
std::string parameters_of(const InferenceRequest& request) {
  if (!request.rescaled && request.num_inverted == 0 && request.blank_images.empty()) return {};
  return fmt::format(
      "\"parameters\":{{\"pixels_rescaled\":{},\"images_inverted\":{},\"blank_images\":[{}]}},",
      request.rescaled, request.num_inverted, fmt::join(request.blank_images, ","));
}

}  // namespace

Response inference_response(const std::string& model_name, const Model& model,
                            const InferenceRequest& request, const Tensor& logits) {
  const NamedClasses classes{model.class_names, most_likely_classes(logits)};
  Tensor probabilities = logits.clone();
  softmax_rows(probabilities, model.temperature);  // Throws if a logit is not finite.
  OutputWriter writer;
  for (const RequestedOutput& output : request.outputs) {
    switch (output.kind) {
      case OutputKind::kLogits:
        write_numbers(writer, "logits", logits, output.binary);
        break;
      case OutputKind::kProbabilities:
        write_numbers(writer, "probabilities", probabilities, output.binary);
        break;
      case OutputKind::kClass:
        write_classes(writer, classes, output.binary);
        break;
    }
  }
  Response response;
  response.body = fmt::format("{{\"model_name\":\"{}\",{}{}\"outputs\":[{}]}}", model_name,
                              request.id ? fmt::format("\"id\":{},", json_quoted(*request.id)) : "",
                              parameters_of(request), writer.json());
  if (writer.any_binary()) {
    response.content_type = "application/octet-stream";
    response.headers.emplace_back("Inference-Header-Content-Length",
                                  std::to_string(response.body.size()));
    response.body += writer.binary();
  }
  return response;
}

}  // namespace digitry::serving
