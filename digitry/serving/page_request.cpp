#include "digitry/serving/page_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "digitry/base/base64.h"
#include "digitry/base/error.h"
#include "digitry/serving/json_texts.h"

namespace digitry::serving {
ImageRequest parse_image_request(std::string_view body, const char* key, const Model& model) {
  const std::array<std::string_view, 2> keys = {key, "image"};
  const std::vector<std::string> texts = json_texts(body, keys);
  ImageRequest request;
  request.label = texts[0];
  if (std::ranges::find(model.class_names, request.label) == model.class_names.end())
    throw Error(ErrorCode::kBadData, "{}: want one of {}, got \"{}\"", key,
                fmt::format("{}", fmt::join(model.class_names, ", ")), request.label);
  const std::optional<std::string> pixels = from_base64(texts[1]);
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
