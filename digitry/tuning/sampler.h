#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/tuning/search_space.h"

namespace digitry {

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
