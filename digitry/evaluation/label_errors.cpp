#include "digitry/evaluation/label_errors.h"

#include <algorithm>
#include <limits>

namespace digitry {

std::vector<Judgement> suspected_label_errors(const Tensor& logits,
                                              std::span<const std::int32_t> labels,
                                              double temperature) {
  Tensor probabilities = logits.clone();
  softmax_rows(probabilities, temperature);
  const auto num_classes = static_cast<std::size_t>(logits.shape()[1]);
  const auto row_of = [&](std::size_t i) {
    return probabilities.as<float>().subspan(i * num_classes, num_classes);
  };

  // How sure the network is of each class where it is the label.
  std::vector<double> sums(num_classes);
  std::vector<double> counts(num_classes);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<std::size_t>(labels[i]);
    sums[label] += row_of(i)[label];
    counts[label] += 1;
  }
  std::vector<double> thresholds(num_classes, std::numeric_limits<double>::infinity());
  for (std::size_t c = 0; c < num_classes; ++c)
    if (counts[c] > 0) thresholds[c] = sums[c] / counts[c];

  std::vector<Judgement> suspected;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = row_of(i);
    const auto label = static_cast<std::size_t>(labels[i]);
    std::size_t confident = num_classes;
    for (std::size_t c = 0; c < num_classes; ++c)
      if (row[c] >= thresholds[c] && (confident == num_classes || row[c] > row[confident]))
        confident = c;
    if (confident == num_classes || confident == label) continue;
    suspected.push_back({.image_index = static_cast<std::int64_t>(i),
                         .label = labels[i],
                         .predicted = static_cast<std::int32_t>(confident),
                         .probability = row[confident],
                         .label_probability = row[label]});
  }
  std::ranges::stable_sort(suspected, std::greater<>(), [](const Judgement& each) {
    return each.probability - each.label_probability;
  });
  return suspected;
}

}  // namespace digitry
