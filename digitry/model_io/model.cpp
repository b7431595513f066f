#include "digitry/model_io/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/model_io/json.h"
#include "digitry/model_io/safetensors.h"

namespace digitry {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormatVersion = "1";
constexpr std::uint64_t kMaxModelBytes = std::uint64_t{1} << 32;
constexpr std::int64_t kMaxExtent = 4096;
// What a fit may find (evaluation/calibration.h), and room for others'.
constexpr double kLowestTemperature = 0.001;
constexpr double kHighestTemperature = 1000;
constexpr float kDefaultRefusal = 0.8F;  // for files of before there was one

std::vector<std::string> texts(const Json& list, const std::string& source) {
  std::vector<std::string> found;
  if (!list.is_array()) throw Error(ErrorCode::kBadData, "{}: want a list of texts", source);
  for (const Json& entry : list) {
    if (!entry.is_string()) throw Error(ErrorCode::kBadData, "{}: want texts only", source);
    found.push_back(entry.get<std::string>());
  }
  return found;
}

const Json& member(const Json& object, const char* key, const std::string& source) {
  if (!object.contains(key)) throw Error(ErrorCode::kBadData, "{}: '{}' is missing", source, key);
  return object.at(key);
}

float finite_number(const Json& object, const char* key, const std::string& source) {
  const Json& value = member(object, key, source);
  const float number = value.is_number() ? value.get<float>() : std::nanf("");
  if (!std::isfinite(number))
    throw Error(ErrorCode::kBadData, "{}: '{}': want a finite number", source, key);
  return number;
}

Network network_from_json(const Json& architecture, std::int64_t num_classes,
                          const std::string& source) {
  const Json& shape = member(architecture, "input_shape", source);
  std::vector<std::int64_t> extents;
  if (shape.is_array())
    for (const Json& extent : shape)
      extents.push_back(extent.is_number_integer() ? extent.get<std::int64_t>() : 0);
  const bool possible = extents.size() == 3 && std::ranges::all_of(extents, [](std::int64_t e) {
                          return e >= 1 && e <= kMaxExtent;
                        });
  if (!possible)
    throw Error(ErrorCode::kBadData, "{}: input_shape: want [channels, height, width] of 1 to {}",
                source, kMaxExtent);
  const Json& layers = member(architecture, "layers", source);
  if (!layers.is_array()) throw Error(ErrorCode::kBadData, "{}: layers: want a list", source);
  std::vector<Options> layer_options;
  for (const Json& layer : layers)
    layer_options.push_back(options_from_json(layer, source + ": layers"));
  return {Shape(std::move(extents)), num_classes, layer_options};
}

void check_finite(const NamedTensor& tensor, const std::string& source) {
  const auto values = tensor.value.as<float>();
  const auto bad = std::ranges::find_if_not(values, [](float v) { return std::isfinite(v); });
  if (bad != values.end())
    throw Error(ErrorCode::kBadData, "{}: tensor '{}' holds {} at element {}; want finite weights",
                source, tensor.name, *bad, bad - values.begin());
}

Model checked_model(Safetensors file, const std::string& source) {
  const auto json = [&](const char* key) {
    return parse_json_object(file.metadata_at(key, source), source + ": " + key);
  };
  const std::string& version = file.metadata_at("digitry.format", source);
  if (version != kFormatVersion)
    throw Error(ErrorCode::kBadData, "{}: model format {}, this version reads {}", source, version,
                kFormatVersion);
  auto class_names = texts(member(json("digitry.classes"), "names", source), source + ": classes");
  if (class_names.empty() || std::ssize(class_names) > kMaxClasses)
    throw Error(ErrorCode::kBadData, "{}: want 1 to {} classes, found {}", source, kMaxClasses,
                class_names.size());
  if (std::set<std::string>(class_names.begin(), class_names.end()).size() != class_names.size())
    throw Error(ErrorCode::kBadData, "{}: want a name of its own for each class", source);
  Network network = network_from_json(json("digitry.architecture"), std::ssize(class_names),
                                      source + ": digitry.architecture");
  Model model{.network = std::move(network),
              .preprocessing = {},
              .class_names = std::move(class_names),
              .provenance = {},
              .temperature = 1,
              .refusal_threshold = kDefaultRefusal};
  const Json preprocessing = json("digitry.preprocessing");
  model.preprocessing.pixel_scale = finite_number(preprocessing, "pixel_scale", source);
  model.preprocessing.pixel_offset = finite_number(preprocessing, "pixel_offset", source);
  if (file.metadata.contains("digitry.calibration")) {
    model.temperature = finite_number(json("digitry.calibration"), "temperature", source);
    if (model.temperature < kLowestTemperature || model.temperature > kHighestTemperature)
      throw Error(ErrorCode::kBadData, "{}: temperature: want {} to {}, found {}", source,
                  kLowestTemperature, kHighestTemperature, model.temperature);
    if (json("digitry.calibration").contains("refusal_threshold"))
      model.refusal_threshold =
          finite_number(json("digitry.calibration"), "refusal_threshold", source);
    if (model.refusal_threshold < 0 || model.refusal_threshold > 1)
      throw Error(ErrorCode::kBadData, "{}: refusal_threshold: want 0 to 1, found {}", source,
                  model.refusal_threshold);
  }
  const Json provenance = json("digitry.provenance");
  for (const auto& [key, value] : provenance.items())
    model.provenance[key] = value.is_string() ? value.get<std::string>() : dump(value);

  std::vector<Parameter> parameters;
  for (NamedTensor& tensor : file.tensors) {
    if (tensor.value.dtype() == DType::kF32) check_finite(tensor, source);
    parameters.push_back({tensor.name, std::move(tensor.value)});
  }
  model.network.set_parameters(std::move(parameters));
  return model;
}

}  // namespace

std::string model_to_bytes(const Model& model) {
  Json layers = Json::array();
  for (const Options& layer : model.network.layer_options())
    layers.push_back(options_to_json(layer));
  const Json architecture{{"input_shape", model.network.input_shape().extents()},
                          {"layers", layers}};
  const Json preprocessing{{"pixel_scale", model.preprocessing.pixel_scale},
                           {"pixel_offset", model.preprocessing.pixel_offset}};
  const std::map<std::string, std::string> metadata{
      {"digitry.format", std::string(kFormatVersion)},
      {"digitry.architecture", dump(architecture)},
      {"digitry.preprocessing", dump(preprocessing)},
      {"digitry.classes", dump(Json{{"names", model.class_names}})},
      {"digitry.calibration", dump(Json{{"temperature", model.temperature},
                                        {"refusal_threshold", model.refusal_threshold}})},
      {"digitry.provenance", dump(Json(model.provenance))}};
  std::vector<std::pair<std::string, const Tensor*>> tensors;
  for (const Parameter& parameter : model.network.parameters())
    tensors.emplace_back(parameter.name, &parameter.value);
  return to_safetensors(metadata, tensors);
}

Model model_from_bytes(std::string_view bytes, const std::string& source) {
  try {
    return checked_model(parse_safetensors(bytes, source), source);
  } catch (const Error& error) {
    // Shapes that do not fit are bad data here: they came out of a file.
    const std::string message = error.what();
    const bool named = message.starts_with(source);
    throw Error(ErrorCode::kBadData, "{}{}{}", named ? "" : source, named ? "" : ": ", message);
  }
}

void save_model(const Model& model, const std::filesystem::path& path) {
  write_file_atomically(path, model_to_bytes(model));
}

Model load_model(const std::filesystem::path& path) {
  return model_from_bytes(read_file(path, kMaxModelBytes), path.string());
}

}  // namespace digitry
