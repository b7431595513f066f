#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/tuning/search_space.h"

namespace digitry {

/// Asynchronous successive halving, variant with early stopping: at the end of epoch r, rη, rη²...
/// a trial continues only if it is among the best 1/η of all trials that have reached this epoch.
/// No trial waits for another. Source: Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht,
/// Talwalkar, "A system for massively parallel hyperparameter tuning", MLSys 2020.
struct SuccessiveHalving {
  std::int64_t first_epochs = 1;  ///< r.
  std::int64_t factor = 3;        ///< η.

  /// Whether trials are compared at the end of this epoch.
  bool is_rung(std::int64_t epoch) const {
    std::int64_t rung = first_epochs;
    while (rung < epoch) rung *= factor;
    return rung == epoch;
  }

  /// Whether to stop a trial with `score` at a rung. `others` are the scores of all other trials at
  /// that rung; with fewer than η − 1 of them no trial is stopped.
  bool stops(double score, const std::vector<double>& others) const {
    const auto count = static_cast<std::int64_t>(others.size()) + 1;
    if (count < factor) return false;
    std::int64_t better = 0;
    for (const double other : others) better += other > score ? 1 : 0;
    return better >= count / factor;
  }
};

/// The result of a trial that has ended.
struct TrialResult {
  SearchPoint point;
  std::int64_t epochs = 0;  ///< Number of epochs that it ran.
  double score = 0;         ///< Best validation accuracy; 0 if it diverged.
};

/// Chooses the next point to try.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual SearchPoint next(const std::vector<TrialResult>& results, RandomStream& random) const = 0;
};

/// Chooses points uniformly at random, independently of the results.
/// Source: Bergstra, Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012.
class RandomSampler : public Sampler {
 public:
  explicit RandomSampler(std::size_t num_values) : num_values_(num_values) {}
  SearchPoint next(const std::vector<TrialResult>& results, RandomStream& random) const override;

 private:
  std::size_t num_values_;
};

/// Tree-structured Parzen estimator. It fits a density l to the best tenth of the trials and a
/// density g to the rest, draws candidates from l and returns the one with the largest l/g. Each
/// value is treated independently. The first ten trials are random. Trials that ran longer count as
/// better. Source: Bergstra, Bardenet, Bengio, Kégl, "Algorithms for hyper-parameter optimization",
/// NIPS 2011, sec. 4.
class TpeSampler : public Sampler {
 public:
  explicit TpeSampler(const SearchSpace& space);
  SearchPoint next(const std::vector<TrialResult>& results, RandomStream& random) const override;

 private:
  std::vector<std::size_t> num_choices_;  // Per value; 0 for a range.
};

/// Makes a sampler by name, "tpe" or "random". Throws Error{kInvalidArgument} for other names.
std::unique_ptr<Sampler> make_sampler(const std::string& name, const SearchSpace& space);

}  // namespace digitry
