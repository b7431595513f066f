#include "digitry/interchange/onnx_import.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/json.h"
#include "digitry/base/text.h"
#include "digitry/base/version.h"
#include "digitry/interchange/onnx_chain.h"
#include "digitry/interchange/onnx_layers.h"
#include "digitry/interchange/onnx_model.h"

namespace digitry {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;
constexpr std::int64_t kFirstOpset = 7, kLastOpset = 25;
// A graph that scales by less takes pixels of 0 to 255.
constexpr float kMaxGraphScale = 0.1F;

std::vector<std::string> names_in_file(const onnx::OnnxModel& file, const std::string& source) {
  std::vector<std::string> names;
  for (const auto& [key, value] : file.metadata)
    if (key == "digitry.classes") {
      const auto json =
          parse_json_object("{\"names\": " + value + "}", source + ": digitry.classes");
      for (const auto& name : json["names"])
        names.push_back(name.is_string() ? name.get<std::string>() : dump(name));
    }
  for (const onnx::Node& node : file.graph.nodes)  // scikit-learn's
    for (const auto& [key, value] : node.attributes)
      if (const auto* labels = std::get_if<std::vector<std::int64_t>>(&value);
          labels != nullptr && key == "classlabels_int64s" && names.empty())
        for (const std::int64_t label : *labels) names.push_back(std::to_string(label));
  return names;
}

Preprocessing preprocessing_of(const onnx::ImportedLayers& layers,
                               const OnnxImportOptions& options) {
  const bool takes_pixels = layers.takes_bytes || std::fabs(layers.input_scale) < kMaxGraphScale;
  const float scale = options.pixel_scale.value_or(takes_pixels ? 1.0F : 1 / 255.0F);
  return {.pixel_scale = scale * layers.input_scale,
          .pixel_offset = options.pixel_offset * layers.input_scale + layers.input_offset};
}

Model checked_model(const onnx::OnnxModel& file, const std::string& source,
                    const OnnxImportOptions& options) {
  if (file.opset < kFirstOpset || file.opset > kLastOpset)
    throw Error(ErrorCode::kBadData,
                "{}: ONNX: expected opset {} to {}, got {}; export the model with opset 17", source,
                kFirstOpset, kLastOpset, file.opset);
  std::map<std::string, const onnx::Constant*> constants;
  const onnx::Chain chain = onnx::chain_of(file, source, constants);
  onnx::ImportedLayers layers = onnx::layers_of(chain, source);
  Network network(layers.image_shape, layers.num_classes, layers.options);
  network.set_parameters(std::move(layers.parameters));
  Model model;
  model.members = one_member(std::move(network));
  model.preprocessing = preprocessing_of(layers, options);
  model.temperature = layers.temperature;
  model.class_names =
      options.class_names.empty() ? names_in_file(file, source) : options.class_names;
  if (model.class_names.empty())
    for (std::int64_t i = 0; i < layers.num_classes; ++i)
      model.class_names.push_back(std::to_string(i));
  if (!std::isfinite(model.preprocessing.pixel_scale) ||
      !std::isfinite(model.preprocessing.pixel_offset) || !std::isfinite(model.temperature))
    throw Error(ErrorCode::kBadData, "{}: ONNX: expected a finite scaling of pixels and logits",
                source);
  model.provenance = {{"imported_from", source},
                      {"producer", clean_utf8(file.producer_name + " " + file.producer_version)},
                      {"digitry_version", std::string(version())}};
  check_usable(model);
  return model;
}

}  // namespace

Model model_from_onnx(std::string_view bytes, const std::string& source,
                      const OnnxImportOptions& options) {
  const onnx::OnnxModel file = onnx::parse_onnx(bytes, source);
  try {
    return checked_model(file, source, options);
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(source)) throw;
    throw Error(ErrorCode::kBadData, "{}: ONNX: {}", source, error.what());
  }
}

Model import_onnx(const std::string& path, const OnnxImportOptions& options) {
  return model_from_onnx(read_file(path, kMaxFileBytes), path, options);
}

}  // namespace digitry
