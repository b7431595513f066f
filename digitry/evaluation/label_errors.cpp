#include "digitry/evaluation/label_errors.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace digitry {
namespace {

constexpr std::size_t kMostSuspected = 40;
constexpr float kLeastDoubt = 0.2F;

// Rows of probabilities with their labels.
class LabelledProbabilities {
 public:
  LabelledProbabilities(const Tensor& logits, std::span<const std::int32_t> labels,
                        double temperature)
      : labels_(labels),
        num_classes_(static_cast<std::size_t>(logits.shape()[1])),
        probabilities_(logits.clone()) {
    softmax_rows(probabilities_, temperature);
  }

  std::size_t size() const { return labels_.size(); }
  std::size_t num_classes() const { return num_classes_; }
  std::size_t label(std::size_t i) const { return static_cast<std::size_t>(labels_[i]); }
  std::span<const float> row(std::size_t i) const {
    return probabilities_.as<float>().subspan(i * num_classes_, num_classes_);
  }

  LabelledPrediction prediction(std::size_t i, std::size_t other) const {
    return {.image_index = static_cast<std::int64_t>(i),
            .label = labels_[i],
            .predicted = static_cast<std::int32_t>(other),
            .probability = row(i)[other],
            .label_probability = row(i)[label(i)]};
  }

 private:
  std::span<const std::int32_t> labels_;
  std::size_t num_classes_;
  Tensor probabilities_;
};

// Mean probability of each class over the images with this label; infinite for a class without
// images.
std::vector<double> mean_confidence(const LabelledProbabilities& all) {
  std::vector<double> sums(all.num_classes());
  std::vector<double> counts(all.num_classes());
  for (std::size_t i = 0; i < all.size(); ++i) {
    sums[all.label(i)] += all.row(i)[all.label(i)];
    counts[all.label(i)] += 1;
  }
  std::vector<double> means(all.num_classes(), std::numeric_limits<double>::infinity());
  for (std::size_t c = 0; c < means.size(); ++c)
    if (counts[c] > 0) means[c] = sums[c] / counts[c];
  return means;
}

// The most probable class for which `eligible` is true; row.size() if there is none.
std::size_t most_probable(std::span<const float> row,
                          const std::function<bool(std::size_t)>& eligible) {
  std::size_t best = row.size();
  for (std::size_t c = 0; c < row.size(); ++c)
    if (eligible(c) && (best == row.size() || row[c] > row[best])) best = c;
  return best;
}

void sort_by_suspicion(std::vector<LabelledPrediction>& predictions) {
  std::ranges::stable_sort(predictions, {}, &LabelledPrediction::label_probability);
}

}  // namespace

SuspectedLabels suspected_label_errors(const Tensor& logits, std::span<const std::int32_t> labels,
                                       double temperature) {
  const LabelledProbabilities all(logits, labels, temperature);
  const std::vector<double> thresholds = mean_confidence(all);
  SuspectedLabels suspected;
  std::vector<LabelledPrediction> doubted;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto row = all.row(i);
    const std::size_t confident =
        most_probable(row, [&](std::size_t c) { return row[c] >= thresholds[c]; });
    if (confident != row.size() && confident != all.label(i)) {
      suspected.images.push_back(all.prediction(i, confident));
      continue;
    }
    const std::size_t other = most_probable(
        row, [&](std::size_t c) { return c != all.label(i) && row[c] >= kLeastDoubt; });
    if (other != row.size()) doubted.push_back(all.prediction(i, other));
  }
  sort_by_suspicion(suspected.images);
  suspected.num_confident = std::ssize(suspected.images);
  sort_by_suspicion(doubted);
  const std::size_t room = kMostSuspected - std::min(kMostSuspected, suspected.images.size());
  doubted.resize(std::min(doubted.size(), room));
  suspected.images.insert(suspected.images.end(), doubted.begin(), doubted.end());
  return suspected;
}

}  // namespace digitry
