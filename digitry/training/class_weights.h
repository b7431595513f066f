#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/data/dataset.h"

namespace digitry {

/// One weight per class, inverse to its number of images among `image_indices`, and 1 on average
/// over these images; 0 for classes without images.
/// Source: King and Zeng, "Logistic regression in rare events data", Political Analysis 9, 2001.
std::vector<float> balanced_class_weights(const Dataset& data,
                                          std::span<const std::int32_t> image_indices);

/// Scales the loss of each image, and its row in `logit_gradients` [N, num_classes], by the weight
/// of its class.
void apply_class_weights(std::span<const float> class_weights, std::span<const std::int32_t> labels,
                         std::span<float> losses, std::span<float> logit_gradients);

}  // namespace digitry
