#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/tuning/search_space.h"

namespace digitry {

/// Asynchronous successive halving, the stopping kind: at the end of epoch r, rη, rη²... a trial
/// goes on only if it is among the best 1/η of all trials that ever came that far. Nobody waits for
/// anybody.
/// Source: Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht, Talwalkar, "A system for
/// massively parallel hyperparameter tuning", MLSys 2020.
struct SuccessiveHalving {
  std::int64_t first_epochs = 1;  ///< r.
  std::int64_t factor = 3;        ///< η.

  /// Whether trials are compared at the end of this epoch.
  bool is_rung(std::int64_t epoch) const {
    std::int64_t rung = first_epochs;
    while (rung < epoch) rung *= factor;
    return rung == epoch;
  }

  /// Whether a trial that has `score` at a rung is to be stopped there. `others` are the scores of
  /// all other trials at that rung; fewer than η - 1 stop nobody.
  bool stops(double score, const std::vector<double>& others) const {
    const auto count = static_cast<std::int64_t>(others.size()) + 1;
    if (count < factor) return false;
    std::int64_t better = 0;
    for (const double other : others) better += other > score ? 1 : 0;
    return better >= count / factor;
  }
};

/// What a trial that has ended came to.
struct TrialResult {
  SearchPoint point;
  std::int64_t epochs = 0;  ///< How far it was let.
  double score = 0;         ///< Best validation accuracy; 0 where it diverged.
};

/// Says which point to try next.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual SearchPoint next(const std::vector<TrialResult>& results, RandomStream& random) const = 0;
};

/// Every point equally likely, whatever came before.
/// Source: Bergstra, Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012.
class RandomSampler : public Sampler {
 public:
  explicit RandomSampler(std::size_t num_values) : num_values_(num_values) {}
  SearchPoint next(const std::vector<TrialResult>& results, RandomStream& random) const override;

 private:
  std::size_t num_values_;
};

/// The tree-structured Parzen estimator: of values drawn from a density of the best tenth of the
/// trials, the one that is the least like the others. Each value by itself; at random for the first
/// ten trials. Trials that were let further count as better.
/// Source: Bergstra, Bardenet, Bengio, Kégl, "Algorithms for hyper-parameter optimization", NIPS
/// 2011, sec. 4.
class TpeSampler : public Sampler {
 public:
  explicit TpeSampler(const SearchSpace& space);
  SearchPoint next(const std::vector<TrialResult>& results, RandomStream& random) const override;

 private:
  std::vector<std::size_t> num_choices_;  // Of each value; 0 for a range.
};

/// "tpe" or "random".
std::unique_ptr<Sampler> make_sampler(const std::string& name, const SearchSpace& space);

}  // namespace digitry
