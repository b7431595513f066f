#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "bench/vision/measure.h"
#include "bench/vision/ood_images.h"
#include "digitry/base/error.h"
#include "digitry/data/dataset.h"
#include "digitry/model_io/classifier.h"
#include "digitry/vision/digit_prediction.h"

// Images that are no digits.

namespace digitry::bench {
namespace {

// The probability that a digit scores higher than another image; ties count half.
double auroc(std::vector<double> digits, std::vector<double> others) {
  std::ranges::sort(digits);
  std::ranges::sort(others);
  double wins = 0;
  for (const double score : digits) {
    const auto [low, high] = std::equal_range(others.begin(), others.end(), score);
    wins += static_cast<double>(low - others.begin()) + static_cast<double>(high - low) / 2;
  }
  return wins / (static_cast<double>(digits.size()) * static_cast<double>(others.size()));
}

}  // namespace

void measure_rejection(const Model& model, const Digits& digits, std::uint64_t seed) {
  struct Method {
    std::string name;
    double threshold;
    std::function<std::vector<double>(const Tensor&)> scores_of;
  };
  const Classifier classifier(model);
  const auto threshold = static_cast<double>(model.rejection_threshold);
  const auto scores_by_reader = [](const Tensor& images) {
    std::vector<double> scores;
    for (const DigitPrediction& prediction : predict_pieces(shipped_reader(), images))
      scores.push_back(prediction.score);
    return scores;
  };
  const auto log_odds = [&](const Tensor& images) {
    std::vector<double> scores = scores_by_reader(images);
    const std::vector<double> similar = classifier.in_distribution_scores(images);
    for (std::size_t i = 0; i < scores.size(); ++i)
      scores[i] = digit_log_odds(scores[i], similar[i], threshold);
    return scores;
  };
  const std::vector<Method> methods{
      {"in-distribution score", threshold,
       [&](const Tensor& images) { return classifier.in_distribution_scores(images); }},
      {"score of the reader", kLeastPieceScore, scores_by_reader},
      {"log-odds of both", kLeastDigitLogOdds, log_odds}};
  std::vector<ImageSet> sets;
  sets.push_back({"uniform noise", uniform_noise(2000, seed)});
  sets.push_back({"structured noise", structured_noise(2000, seed)});
  sets.push_back({"scribbles", scribbles(2000, seed)});
  sets.push_back({"letters", letter_images(seed)});
  sets.push_back({"letters that look like digits", ambiguous_letter_images(seed)});
  try {
    const Dataset fashion = load_dataset("fashion-mnist", seed == 0 ? Split::kTrain : Split::kTest);
    std::vector<std::int32_t> first(10'000);
    std::iota(first.begin(), first.end(), 0);
    const Tensor images = fashion.images.take(first);
    sets.push_back({"Fashion-MNIST, as it is", images.clone()});
    sets.push_back({"Fashion-MNIST, cut out", in_mnist_form(images)});
  } catch (const Error& error) {
    fmt::print("  {}\n", error.what());
  }
  for (const Method& method : methods) {
    const auto rejected = [&](const std::vector<double>& scores) {
      const auto count =
          std::ranges::count_if(scores, [&](double s) { return s < method.threshold; });
      return percent(static_cast<double>(count), static_cast<double>(scores.size()));
    };
    std::vector<double> digit_scores = method.scores_of(digits.images);
    fmt::print("rejection by the {}: threshold {:.4f}, {:.2f} % of {} digits rejected\n",
               method.name, method.threshold, rejected(digit_scores), digit_scores.size());
    for (const ImageSet& set : sets) {
      const std::vector<double> scores = method.scores_of(set.images);
      fmt::print("  {:<38} {:>6} images  AUROC {:.4f}  rejected {:.2f} %\n", set.name,
                 scores.size(), auroc(digit_scores, scores), rejected(scores));
    }
    std::ranges::sort(digit_scores);
    fmt::print("  half a percent of digits score below {:.4f}\n",
               digit_scores[digit_scores.size() / 200]);
  }
}

}  // namespace digitry::bench
