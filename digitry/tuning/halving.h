#pragma once

#include <cstdint>
#include <vector>

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

}  // namespace digitry
