#pragma once

#include <cstdint>
#include <span>

namespace digitry::kernels {

/// Softmax followed by cross-entropy, with its gradient. For each of the N rows of `logits`
/// [N, C] with class y = labels[n]:
///
///   loss[n]         = log Σ_c exp(logits[n,c]) − logits[n,y]
///   grad[n,c]       = (softmax(logits[n])_c − [c = y]) · grad_scale
///
/// `labels` are the one-hot rows seen as indices: no one-hot array is ever made.
/// Wants every label in [0, C). `grad` may be empty: then only losses are computed.
/// Returns the number of rows whose largest logit is at the label.
std::int64_t softmax_cross_entropy(std::span<const float> logits,
                                   std::span<const std::int32_t> labels, std::int64_t num_classes,
                                   float grad_scale, std::span<float> losses,
                                   std::span<float> grad);

}  // namespace digitry::kernels
