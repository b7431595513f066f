#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "digitry/model_io/model.h"
#include "digitry/serving/http.h"
#include "digitry/tensor/tensor.h"

// Internal to serving: what the page sends.

namespace digitry::serving {

/// A longer body is no question about one image.
inline constexpr std::size_t kMaxImageRequestBytes = std::size_t{1} << 16;

/// A question about one image of a model, and one of its classes.
struct ImageRequest {
  Tensor image;  ///< uint8 [1, C, H, W], of the model's shape.
  std::string label;
};

/// Parses `{"image": "<base64>", KEY: "<class>"}`; other members are passed over.
/// Throws Error{kBadData} saying which member is wrong and how.
ImageRequest parse_image_request(std::string_view body, const char* key, const Model& model);

}  // namespace digitry::serving
