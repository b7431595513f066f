#pragma once

#include <cstdint>
#include <span>

namespace digitry::kernels {

/// Softmax followed by cross-entropy, with its gradient. For each of the N rows of `logits`
/// [N, C] with class y = labels[n] and targets t_c = (1 − ε) [c = y] + ε/C, ε = `label_smoothing`:
///
///   loss[n]         = log Σ_c exp(logits[n,c]) − Σ_c t_c · logits[n,c]
///   grad[n,c]       = (softmax(logits[n])_c − t_c) · grad_scale
///
/// `labels` are the one-hot rows seen as indices: no array of targets is ever made.
/// Expects every label in [0, C) and ε in [0, 1). `grad` may be empty: then only losses are
/// computed. Returns the number of rows whose largest logit is at the label. Source of the
/// smoothing: Szegedy et al., "Rethinking the inception architecture", CVPR 2016.
std::int64_t softmax_cross_entropy(std::span<const float> logits,
                                   std::span<const std::int32_t> labels, std::int64_t num_classes,
                                   float grad_scale, std::span<float> losses, std::span<float> grad,
                                   float label_smoothing = 0);

}  // namespace digitry::kernels
