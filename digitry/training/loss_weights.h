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

/// The weight of each image of `data` in the training loss: `data.weights` times, if `balanced`,
/// the weight of its class; scaled to 1 on average over `image_indices`. Empty if all are 1.
/// Throws Error{kBadData}, with a message that begins with the name of the data, if there is not
/// one weight per image, a weight is negative or not finite, or all of `image_indices` are 0.
std::vector<float> loss_weights(const Dataset& data, std::span<const std::int32_t> image_indices,
                                bool balanced);

/// The mean of `values`, one per image of `image_indices`, by the weights of these images.
/// `weights` has one weight per image of the data, or is empty. The plain mean if all of these are
/// alike or 0.
double weighted_mean(std::span<const float> values, std::span<const float> weights,
                     std::span<const std::int32_t> image_indices);

/// Scales the loss of each of the images `image_indices` [N], and its row in `logit_gradients` [N,
/// classes], by its weight.
void apply_loss_weights(std::span<const float> weights, std::span<const std::int32_t> image_indices,
                        std::span<float> losses, std::span<float> logit_gradients);

}  // namespace digitry
