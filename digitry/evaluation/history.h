#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace digitry {

/// One row of `history.csv`.
struct EpochRecord {
  std::int64_t epoch = 0;    ///< From 1.
  double learning_rate = 0;  ///< In the last step of the epoch.
  double loss = 0;           ///< Mean over the epoch's batches, while training on them.
  double accuracy = 0;       ///< Likewise; in [0, 1].
  std::optional<double> val_loss;
  std::optional<double> val_accuracy;
  double images_per_second = 0;
  double elapsed_seconds = 0;  ///< Since the start of training, including validation.
};

/// The history of a training. Column names follow Keras' CSVLogger: the prefix `val_` means
/// validation data.
struct History {
  std::vector<EpochRecord> epochs;
  /// The epoch whose weights were kept; 0 if none was selected.
  std::int64_t best_epoch = 0;
};

/// One header line and one line per epoch. A value that was not measured is "NA", as in CSVLogger.
/// `best_epoch` is not written.
std::string to_csv(const History& history);

/// Parses the output of `to_csv`, each number exactly, with `best_epoch` 0. Columns may be in any
/// order, and unknown columns are ignored; `epoch`, `accuracy` and `loss` are required.
/// Throws Error{kBadData} naming `source`, the line and the rule.
History history_from_csv(const std::string& text, const std::string& source);

}  // namespace digitry
