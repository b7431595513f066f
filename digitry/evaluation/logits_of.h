#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// Whatever classifies, a Predictor or a Classifier: logits, float32 [N, classes], of the images
/// with these N indices, of uint8 [·, C, H, W].
using LogitsOf =
    std::function<Tensor(const Tensor& images, std::span<const std::int32_t> image_indices)>;

}  // namespace digitry
