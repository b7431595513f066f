#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "digitry/evaluation/history.h"

namespace digitry {

/// The progress of a training, as a checkpoint stores it. Conversion to text and back preserves
/// every number bit for bit.
struct SavedProgress {
  std::int64_t epoch = 0;  ///< Number of finished epochs.
  std::int64_t step = 0;
  std::int64_t optimizer_steps = 0;
  double loss = 0;  ///< Sum over the images of the current epoch.
  std::int64_t correct = 0;
  std::int64_t images = 0;
  double seconds = 0;
  double elapsed_seconds = 0;
  std::string recipe;
  std::string data_sha256;
  History history;
};

/// One text per entry, independent of the locale.
std::map<std::string, std::string> progress_to_text(const SavedProgress& progress);

/// Throws Error{kBadData} if an entry is missing, invalid or inconsistent with the others.
SavedProgress progress_from_text(const std::map<std::string, std::string>& text);

}  // namespace digitry
