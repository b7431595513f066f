#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/evaluation/evaluate.h"

namespace digitry {

/// The images whose label is most probably wrong, by confident learning: first those that are given
/// a class j ≠ label with at least the mean probability that images labelled j are given for it (of
/// several such j the most probable). Up to 40 in all, those follow that are given another class j
/// with at least a fifth (the most probable such j). Both by self-confidence, the less probable the
/// label the earlier. `LabelledPrediction::predicted` and `probability` are of j.
///
/// Of softmax(logits / temperature): logits float32 [N, num_classes], finite; labels in range. They
/// should be of images that the network was not trained on: it has learnt the labels of the others.
/// Source: Northcutt, Jiang, Chuang, "Confident learning: estimating uncertainty in dataset
/// labels", JAIR 70, 2021, sec. 3.
SuspectedLabels suspected_label_errors(const Tensor& logits, std::span<const std::int32_t> labels,
                                       double temperature = 1);

}  // namespace digitry
