#include "digitry/tuning/sampler.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr std::size_t kRandomTrials = 10;
constexpr double kGoodShare = 0.1;
constexpr std::size_t kMostGood = 25;
// With fewer, TPE would settle on the choice of the best first trial and never try the others.
constexpr double kTimesUnseen = 2;
constexpr int kCandidates = 24;
constexpr double kBelowOne = 1 - 1e-9;

double normal_cdf(double x) { return std::erfc(-x * std::numbers::sqrt2 / 2) / 2; }

// A mixture of normal distributions around the observed coordinates and a broad one, each truncated
// to [0, 1].
class RangeDensity {
 public:
  explicit RangeDensity(std::vector<double> observed) {
    std::ranges::sort(observed);
    const double narrowest = 1 / std::min(100.0, 1 + static_cast<double>(observed.size()));
    for (std::size_t i = 0; i < observed.size(); ++i) {
      const double before = i == 0 ? observed[i] : observed[i - 1];
      const double after = i + 1 == observed.size() ? observed[i] : observed[i + 1];
      const double width = std::max(observed[i] - before, after - observed[i]);
      parts_.push_back({observed[i], std::clamp(width, narrowest, 1.0)});
    }
    parts_.push_back({0.5, 1});
  }

  double draw(RandomStream& random) const {
    const Part& part = parts_[random.next_below(static_cast<std::uint32_t>(parts_.size()))];
    for (int attempt = 0; attempt < 100; ++attempt) {
      const double x = part.centre + part.width * static_cast<double>(random.next_normal());
      if (x >= 0 && x < 1) return x;
    }
    return part.centre;
  }

  double at(double x) const {
    double sum = 0;
    for (const Part& part : parts_) {
      const double z = (x - part.centre) / part.width;
      const double inside =
          normal_cdf((1 - part.centre) / part.width) - normal_cdf(-part.centre / part.width);
      sum += std::exp(-z * z / 2) / (part.width * std::sqrt(2 * std::numbers::pi) * inside);
    }
    return sum / static_cast<double>(parts_.size());
  }

 private:
  struct Part {
    double centre, width;
  };
  std::vector<Part> parts_;
};

// Counts of the observed choices plus a prior count.
class ChoiceDensity {
 public:
  ChoiceDensity(const std::vector<double>& observed, std::size_t num_choices)
      : weights_(num_choices, kTimesUnseen) {
    for (const double x : observed) weights_[index_of(x)] += 1;
  }

  double draw(RandomStream& random) const {
    double rest = static_cast<double>(random.next_float()) * total();
    std::size_t choice = 0;
    while (choice + 1 < weights_.size() && rest >= weights_[choice]) rest -= weights_[choice++];
    return (static_cast<double>(choice) + 0.5) / static_cast<double>(weights_.size());
  }

  double at(double x) const { return weights_[index_of(x)] / total(); }

 private:
  std::size_t index_of(double x) const {
    return std::min(static_cast<std::size_t>(x * static_cast<double>(weights_.size())),
                    weights_.size() - 1);
  }
  double total() const {
    double sum = 0;
    for (const double weight : weights_) sum += weight;
    return sum;
  }

  std::vector<double> weights_;
};

// The candidate drawn from `good` with the largest ratio of good to bad density.
template <typename Density>
double best_candidate(const Density& good, const Density& bad, RandomStream& random) {
  double best = 0;
  double best_ratio = -1;
  for (int i = 0; i < kCandidates; ++i) {
    const double candidate = good.draw(random);
    const double ratio = good.at(candidate) / bad.at(candidate);
    if (ratio <= best_ratio) continue;
    best = candidate;
    best_ratio = ratio;
  }
  return std::min(best, kBelowOne);
}

}  // namespace

SearchPoint RandomSampler::next(const std::vector<TrialResult>& /*results*/,
                                RandomStream& random) const {
  SearchPoint point(num_values_);
  for (double& coordinate : point) coordinate = static_cast<double>(random.next_float());
  return point;
}

TpeSampler::TpeSampler(const SearchSpace& space) {
  for (const SearchedValue& value : space.values) num_choices_.push_back(value.num_choices());
}

SearchPoint TpeSampler::next(const std::vector<TrialResult>& results, RandomStream& random) const {
  if (results.size() < kRandomTrials)
    return RandomSampler(num_choices_.size()).next(results, random);
  std::vector<const TrialResult*> ranked;
  for (const TrialResult& result : results) ranked.push_back(&result);
  std::ranges::stable_sort(ranked, [](const TrialResult* a, const TrialResult* b) {
    return std::pair(a->epochs, a->score) > std::pair(b->epochs, b->score);
  });
  const auto share =
      static_cast<std::size_t>(std::ceil(kGoodShare * static_cast<double>(ranked.size())));
  const std::size_t num_good = std::min(share + 1, kMostGood);

  SearchPoint point(num_choices_.size());
  for (std::size_t value = 0; value < point.size(); ++value) {
    std::vector<double> good;
    std::vector<double> bad;
    for (std::size_t i = 0; i < ranked.size(); ++i)
      (i < num_good ? good : bad).push_back(ranked[i]->point[value]);
    const std::size_t choices = num_choices_[value];
    point[value] = choices > 0 ? best_candidate(ChoiceDensity(good, choices),
                                                ChoiceDensity(bad, choices), random)
                               : best_candidate(RangeDensity(good), RangeDensity(bad), random);
  }
  return point;
}

std::unique_ptr<Sampler> make_sampler(const std::string& name, const SearchSpace& space) {
  if (name == "tpe") return std::make_unique<TpeSampler>(space);
  if (name == "random") return std::make_unique<RandomSampler>(space.values.size());
  throw Error(ErrorCode::kInvalidArgument, "sampler: expected tpe or random, got '{}'", name);
}

}  // namespace digitry
