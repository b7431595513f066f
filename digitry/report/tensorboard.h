#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/history.h"
#include "digitry/training/recipe.h"

namespace digitry {

class EventFile;

/// Writes a training for TensorBoard, as it goes on. The step of an event is the number of epochs.
///
/// | Tag | Event |
/// |---|---|
/// | `train/loss`, `train/accuracy` | scalars after each epoch, as in `History` |
/// | `validation/loss`, `validation/accuracy` | likewise, if there is validation |
/// | `learning_rate`, `images_per_second` | likewise |
/// | `evaluation/SPLIT_loss`, `evaluation/SPLIT_accuracy` | scalars of the model that is kept |
/// | `confusion_matrix`, `mistakes` | PNG images, as in the report |
/// | `recipe` | text, the recipe in TOML |
/// | hyperparameters | the settings of the recipe, for TensorBoard's page HPARAMS |
///
/// All functions throw Error{kIo} if the file cannot be written.
class TensorBoardLog {
 public:
  /// Begins a file in `folder`. `epochs_done` is the number of epochs that a resumed training has
  /// finished: TensorBoard then ignores what older files say of later epochs.
  TensorBoardLog(const std::filesystem::path& folder, const Recipe& recipe,
                 std::int64_t epochs_done = 0);
  ~TensorBoardLog();

  void add_epoch(const EpochRecord& epoch);

  /// Adds the evaluation of the trained model on `evaluated_on`, whose split is named `split`, and
  /// marks the training as finished. Throws Error{kUnavailable} if gnuplot is missing.
  void add_evaluation(const std::string& split, const Evaluation& evaluation,
                      const Dataset& evaluated_on);

  /// The event file.
  const std::filesystem::path& path() const;

 private:
  std::unique_ptr<EventFile> file_;
  std::int64_t step_;  // Epochs that are finished.
};

}  // namespace digitry
