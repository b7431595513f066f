#pragma once

#include <cstdint>
#include <span>

namespace digitry::kernels {

/// Softmax followed by cross-entropy, and its gradient. For each of the N rows of `logits` [N, C],
/// with class y = labels[n] and targets t_c = (1 − ε) [c = y] + ε/C, ε = `label_smoothing`:
///
///   loss[n]         = log Σ_c exp(logits[n,c]) − Σ_c t_c · logits[n,c]
///   grad[n,c]       = (softmax(logits[n])_c − t_c) · grad_scale
///
/// `labels` [N] are class indices, in place of one-hot rows. Expects labels in [0, C) and ε in [0,
/// 1). `grad` may be empty; then only the losses are computed. Returns the number of rows whose
/// largest logit is that of the label.
/// Source of the smoothing: Szegedy et al., "Rethinking the inception architecture", CVPR 2016.
/// In plain loops: tests/reference/reference.h.
std::int64_t softmax_cross_entropy(std::span<const float> logits,
                                   std::span<const std::int32_t> labels, std::int64_t num_classes,
                                   float grad_scale, std::span<float> losses, std::span<float> grad,
                                   float label_smoothing = 0);

}  // namespace digitry::kernels
