#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace digitry {

/// One row of `history.csv`.
struct EpochRecord {
  std::int64_t epoch = 0;    ///< From 1.
  double learning_rate = 0;  ///< At the epoch's last step.
  double loss = 0;           ///< Mean over the epoch's batches, as they were trained on.
  double accuracy = 0;       ///< Likewise; in [0, 1].
  std::optional<double> val_loss;
  std::optional<double> val_accuracy;
  double images_per_second = 0;
  double elapsed_seconds = 0;  ///< Since training began, validation included.
};

/// The course of a training. Column names follow Keras' CSVLogger: `val_` before what was measured
/// on validation data.
struct History {
  std::vector<EpochRecord> epochs;
  /// The epoch whose weights were kept; 0 where none is singled out.
  std::int64_t best_epoch = 0;
};

/// One header line and one line an epoch; what was not measured is "NA", as CSVLogger writes it.
/// `best_epoch` is not in the file.
std::string to_csv(const History& history);

/// Reads what `to_csv` wrote, each number exactly, with `best_epoch` 0. Columns may come in any
/// order and others between them; only `epoch`, `accuracy` and `loss` have to be there. Throws
/// Error{kBadData} naming `source`, the line and the rule.
History history_from_csv(const std::string& text, const std::string& source);

}  // namespace digitry
