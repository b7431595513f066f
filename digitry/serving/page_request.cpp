#include "digitry/serving/page_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "digitry/base/base64.h"
#include "digitry/base/error.h"

namespace digitry::serving {
namespace {

std::string text_member(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string())
    throw Error(ErrorCode::kBadData, "{}: want a text, got {}", key,
                found == json.end() ? "nothing" : found->type_name());
  return found->get<std::string>();
}

}  // namespace

ImageRequest parse_image_request(std::string_view body, const char* key, const Model& model) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) throw Error(ErrorCode::kBadData, "want a JSON object, got something else");
  ImageRequest request;
  request.label = text_member(json, key);
  if (std::ranges::find(model.class_names, request.label) == model.class_names.end())
    throw Error(ErrorCode::kBadData, "{}: want one of {}, got \"{}\"", key,
                fmt::format("{}", fmt::join(model.class_names, ", ")), request.label);
  const std::optional<std::string> pixels = from_base64(text_member(json, "image"));
  const auto wanted = static_cast<std::size_t>(model.input_shape().num_elements());
  if (!pixels) throw Error(ErrorCode::kBadData, "image: is not base64 (RFC 4648, section 4)");
  if (pixels->size() != wanted)
    throw Error(ErrorCode::kBadData, "image: want {} bytes, a pixel each, got {}", wanted,
                pixels->size());
  request.image = Tensor(model.input_shape().with_batch(1), DType::kU8);
  std::ranges::copy(*pixels, request.image.as<std::uint8_t>().begin());
  return request;
}

}  // namespace digitry::serving
