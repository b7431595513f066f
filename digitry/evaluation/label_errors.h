#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/evaluation/evaluate.h"

namespace digitry {

/// The images whose labels are most probably wrong, by confident learning. First come those that
/// have a class j ≠ label whose probability is at least the mean probability of j over the images
/// labelled j; of several such j, the most probable. Images that have another class j with a
/// probability of at least 0.2 follow, up to 40 images in all. Both groups are sorted by
/// self-confidence: the probability of the label, lowest first. `LabelledPrediction::predicted` and
/// `probability` refer to j.
///
/// Probabilities are softmax(logits / temperature). Expects logits float32 [N, num_classes],
/// finite, and labels in range. The images should not have been used for training, because the
/// network has learnt the labels of those.
/// Source: Northcutt, Jiang, Chuang, "Confident learning: estimating uncertainty in dataset
/// labels", JAIR 70, 2021, sec. 3.
SuspectedLabels suspected_label_errors(const Tensor& logits, std::span<const std::int32_t> labels,
                                       double temperature = 1);

}  // namespace digitry
