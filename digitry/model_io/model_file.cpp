// Models as safetensors files (docs/model_format.md), and the models that are built into the
// library.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/json.h"
#include "digitry/base/limits.h"
#include "digitry/model_io/model.h"
#include "digitry/model_io/safetensors.h"
#include "digitry/nn/plan/session.h"
#include "digitry_embedded/models.h"

namespace digitry {
namespace {

using Json = nlohmann::ordered_json;

// Format 2 is for ensembles and views, so that readers of format 1 reject these models.
constexpr const char* kFormatOfOne = "1";
constexpr const char* kFormatOfSeveral = "2";
constexpr std::int64_t kMaxPrototypes = 100'000;
constexpr const char* kPrototypes = "prototypes";
constexpr std::uint64_t kMaxModelBytes = std::uint64_t{1} << 32;
constexpr std::int64_t kMaxExtent = 4096;
// Wider than the range of fit_temperature, to accept models from other programs.
constexpr double kLowestTemperature = 0.001;
constexpr double kHighestTemperature = 1000;

// Turns any error of `read` into Error{kBadData} that begins with `source`.
template <typename Read>
auto in_source(const std::string& source, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    const std::string message = error.what();
    const bool named = message.starts_with(source);
    throw Error(ErrorCode::kBadData, "{}{}{}", named ? "" : source, named ? "" : ": ", message);
  }
}

std::vector<std::string> strings(const Json& list, const std::string& source) {
  std::vector<std::string> found;
  if (!list.is_array()) throw Error(ErrorCode::kBadData, "{}: expected a list of strings", source);
  for (const Json& entry : list) {
    if (!entry.is_string()) throw Error(ErrorCode::kBadData, "{}: expected strings only", source);
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
    throw Error(ErrorCode::kBadData, "{}: '{}': expected a finite number", source, key);
  return number;
}

Shape input_shape_from_json(const Json& architecture, const std::string& source) {
  const Json& shape = member(architecture, "input_shape", source);
  std::vector<std::int64_t> extents;
  if (shape.is_array())
    for (const Json& extent : shape)
      extents.push_back(extent.is_number_integer() ? extent.get<std::int64_t>() : 0);
  const bool possible = extents.size() == 3 && std::ranges::all_of(extents, [](std::int64_t e) {
                          return e >= 1 && e <= kMaxExtent;
                        });
  if (!possible)
    throw Error(ErrorCode::kBadData,
                "{}: input_shape: expected [channels, height, width], each 1 to {}", source,
                kMaxExtent);
  return Shape(std::move(extents));
}

Network network_from_json(const Json& object, const Shape& input_shape, std::int64_t num_classes,
                          const std::string& source) {
  const Json& layers = member(object, "layers", source);
  if (!layers.is_array()) throw Error(ErrorCode::kBadData, "{}: layers: expected a list", source);
  std::vector<Attributes> layer_attributes;
  for (const Json& layer : layers)
    layer_attributes.push_back(attributes_from_json(layer, source + ": layers"));
  return {input_shape, num_classes, layer_attributes};
}

float temperature_from_json(const Json& object, const std::string& source) {
  const float temperature = finite_number(object, "temperature", source);
  if (temperature < kLowestTemperature || temperature > kHighestTemperature)
    throw Error(ErrorCode::kBadData, "{}: temperature: expected {} to {}, found {}", source,
                kLowestTemperature, kHighestTemperature, temperature);
  return temperature;
}

void read_calibration(const Json& object, const std::string& source, Model& model) {
  model.temperature = temperature_from_json(object, source);
  const char* const key =
      object.contains("rejection_threshold") ? "rejection_threshold" : "refusal_threshold";  // 0.1
  if (!object.contains(key)) return;
  model.rejection_threshold = finite_number(object, key, source);
  if (model.rejection_threshold < 0 || model.rejection_threshold > 1)
    throw Error(ErrorCode::kBadData, "{}: {}: expected 0 to 1, found {}", source, key,
                model.rejection_threshold);
}

// A single network is stored directly: its layers, and its temperature if it has views. Several
// networks are stored as a list of such objects.
std::vector<Member> members_from_json(const Json& architecture, std::int64_t num_classes,
                                      const std::string& source) {
  const Shape input_shape = input_shape_from_json(architecture, source);
  if (!architecture.contains("members")) {
    auto alone = one_member(network_from_json(architecture, input_shape, num_classes, source));
    if (architecture.contains("temperature"))
      alone.front().temperature = temperature_from_json(architecture, source);
    return alone;
  }
  const Json& list = architecture.at("members");
  if (!list.is_array() || list.size() < 2 || std::cmp_greater(list.size(), kMaxNetworks))
    throw Error(ErrorCode::kBadData, "{}: members: expected a list of 2 to {}", source,
                kMaxNetworks);
  std::vector<Member> members;
  for (const Json& entry : list) {
    const std::string where = fmt::format("{}: member {}", source, members.size());
    if (!entry.is_object()) throw Error(ErrorCode::kBadData, "{}: expected an object", where);
    const float temperature = temperature_from_json(entry, where);
    in_source(where, [&] {
      members.push_back({.network = network_from_json(entry, input_shape, num_classes, where),
                         .temperature = temperature});
    });
  }
  return members;
}

void check_finite(const NamedTensor& tensor, const std::string& source) {
  const auto values = tensor.value.as<float>();
  const auto bad = std::ranges::find_if_not(values, [](float v) { return std::isfinite(v); });
  if (bad != values.end())
    throw Error(ErrorCode::kBadData,
                "{}: tensor '{}': expected finite weights, found {} at element {}", source,
                tensor.name, *bad, bad - values.begin());
}

// Removes the member index from a name: "2.0.weight" is "0.weight" of member 2.
std::size_t take_member(std::string& name, std::size_t num_members, const std::string& source) {
  std::size_t index = num_members;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || index >= num_members || end == name.data() + name.size() ||
      *end != '.')
    throw Error(ErrorCode::kBadData, "{}: tensor '{}': expected a name '<member>.<layer>.<tensor>'",
                source, name);
  name.erase(0, static_cast<std::size_t>(end - name.data()) + 1);
  return index;
}

void give_prototypes(Tensor prototypes, Member& member, const std::string& source) {
  const std::int64_t width = num_features(member.network);
  const Shape& shape = prototypes.shape();
  if (prototypes.dtype() != DType::kF32 || shape.rank() != 2 || shape[0] < 1 ||
      shape[0] > kMaxPrototypes || shape[1] != width)
    throw Error(ErrorCode::kBadData, "{}: prototypes: expected f32 [1 to {}, {}], got {} {}",
                source, kMaxPrototypes, width, to_string(prototypes.dtype()), shape.to_string());
  member.prototypes = std::move(prototypes);
}

void give_tensors(std::vector<NamedTensor> tensors, std::vector<Member>& members,
                  const std::string& source) {
  std::vector<std::vector<Parameter>> parameters(members.size());
  for (NamedTensor& tensor : tensors) {
    if (tensor.value.dtype() == DType::kF32) check_finite(tensor, source);
    const std::size_t index =
        members.size() == 1 ? 0 : take_member(tensor.name, members.size(), source);
    if (tensor.name == kPrototypes)
      give_prototypes(std::move(tensor.value), members[index], source);
    else
      parameters[index].push_back({tensor.name, std::move(tensor.value)});
  }
  const bool one = members.size() == 1;
  for (std::size_t i = 0; i < members.size(); ++i)
    in_source(one ? source : fmt::format("{}: member {}", source, i),
              [&] { members[i].network.set_parameters(std::move(parameters[i])); });
}

std::vector<std::string> class_names_from_json(const Json& classes, const std::string& source) {
  auto names = strings(member(classes, "names", source), source + ": classes");
  if (names.empty() || std::ssize(names) > kMaxClasses)
    throw Error(ErrorCode::kBadData, "{}: expected 1 to {} classes, found {}", source, kMaxClasses,
                names.size());
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size())
    throw Error(ErrorCode::kBadData, "{}: classes: expected different names, found a duplicate",
                source);
  return names;
}

Model checked_model(Safetensors file, const std::string& source) {
  const auto json = [&](const char* key) {
    return parse_json_object(file.metadata_at(key, source), source + ": " + key);
  };
  const std::string& version = file.metadata_at("digitry.format", source);
  if (version != kFormatOfOne && version != kFormatOfSeveral)
    throw Error(ErrorCode::kBadData,
                "{}: model format: found {}, expected {} or {}; a newer version of Digitry may be "
                "able to read it",
                source, version, kFormatOfOne, kFormatOfSeveral);
  Model model;
  model.class_names = class_names_from_json(json("digitry.classes"), source);
  model.members = members_from_json(json("digitry.architecture"), std::ssize(model.class_names),
                                    source + ": digitry.architecture");
  const Json preprocessing = json("digitry.preprocessing");
  model.preprocessing.pixel_scale = finite_number(preprocessing, "pixel_scale", source);
  model.preprocessing.pixel_offset = finite_number(preprocessing, "pixel_offset", source);
  for (const char* key : {"digitry.views" /* 0.1 */, "digitry.test_time_augmentation"})
    if (file.metadata.contains(key)) {
      const std::string where = source + ": " + key;
      model.tta = read_test_time_augmentation(attributes_from_json(json(key), where), where);
    }
  if (file.metadata.contains("digitry.calibration"))
    read_calibration(json("digitry.calibration"), source, model);
  const Json provenance = json("digitry.provenance");
  for (const auto& [key, value] : provenance.items())
    model.provenance[key] = value.is_string() ? value.get<std::string>() : dump(value);
  give_tensors(std::move(file.tensors), model.members, source);
  return model;
}

Json member_to_json(const Member& member) {
  Json layers = Json::array();
  for (const Attributes& layer : member.network.layer_attributes())
    layers.push_back(attributes_to_json(layer));
  return {{"temperature", member.temperature}, {"layers", std::move(layers)}};
}

Json architecture_to_json(const Model& model) {
  Json architecture{{"input_shape", model.input_shape().extents()}};
  if (model.members.size() == 1) {
    architecture.update(member_to_json(model.members.front()));
    if (model.tta == TestTimeAugmentation()) architecture.erase("temperature");
    return architecture;
  }
  architecture["members"] = Json::array();
  for (const Member& member : model.members)
    architecture["members"].push_back(member_to_json(member));
  return architecture;
}

}  // namespace

std::string model_to_bytes(const Model& model) {
  check_usable(model);
  const bool several = model.members.size() > 1 || model.tta != TestTimeAugmentation();
  const Json preprocessing{{"pixel_scale", model.preprocessing.pixel_scale},
                           {"pixel_offset", model.preprocessing.pixel_offset}};
  std::map<std::string, std::string> metadata{
      {"digitry.format", several ? kFormatOfSeveral : kFormatOfOne},
      {"digitry.architecture", dump(architecture_to_json(model))},
      {"digitry.preprocessing", dump(preprocessing)},
      {"digitry.classes", dump(Json{{"names", model.class_names}})},
      {"digitry.calibration", dump(Json{{"temperature", model.temperature},
                                        {"rejection_threshold", model.rejection_threshold}})},
      {"digitry.provenance", dump(Json(model.provenance))}};
  if (model.tta != TestTimeAugmentation())
    metadata["digitry.test_time_augmentation"] = dump(attributes_to_json(to_attributes(model.tta)));
  std::vector<std::pair<std::string, const Tensor*>> tensors;
  for (std::size_t i = 0; i < model.members.size(); ++i) {
    const std::string prefix = model.members.size() == 1 ? "" : fmt::format("{}.", i);
    for (const Parameter& parameter : model.members[i].network.parameters())
      tensors.emplace_back(prefix + parameter.name, &parameter.value);
    const Tensor& prototypes = model.members[i].prototypes;
    if (!prototypes.empty()) tensors.emplace_back(prefix + kPrototypes, &prototypes);
  }
  return to_safetensors(metadata, tensors);
}

Model model_from_bytes(std::string_view bytes, const std::string& source) {
  return in_source(source, [&] { return checked_model(parse_safetensors(bytes, source), source); });
}

void save_model(const Model& model, const std::string& path) {
  write_file_atomically(path, model_to_bytes(model));
}

Model load_model(const std::string& path) {
  return model_from_bytes(read_file(path, kMaxModelBytes), path);
}

namespace {

const std::map<std::string, std::string_view>& shipped() {
  static const std::map<std::string, std::string_view> models = embedded::models();
  return models;
}

}  // namespace

std::vector<std::string> shipped_model_names() {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : shipped()) names.push_back(name);
  return names;
}

bool is_shipped_model(const std::string& name) { return shipped().contains(name); }

Model shipped_model(const std::string& name) {
  if (!is_shipped_model(name))
    throw Error(ErrorCode::kBadData, "model '{}': expected one of the shipped models: {}", name,
                fmt::format("{}", fmt::join(shipped_model_names(), ", ")));
  return model_from_bytes(shipped().at(name), name);
}

}  // namespace digitry
