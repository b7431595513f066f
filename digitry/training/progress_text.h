#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "digitry/evaluation/history.h"

namespace digitry {

/// How far a training is, as its checkpoint keeps it. Numbers survive the way to text and back bit
/// for bit.
struct SavedProgress {
  std::int64_t epoch = 0;  ///< Finished ones.
  std::int64_t step = 0;
  std::int64_t optimizer_steps = 0;
  double loss = 0;  ///< Sum over the running epoch's images.
  std::int64_t correct = 0;
  std::int64_t images = 0;
  double seconds = 0;
  double elapsed_seconds = 0;
  std::string recipe;
  std::string data_sha256;
  History history;
};

/// One text an entry, none of which depends on the locale.
std::map<std::string, std::string> progress_to_text(const SavedProgress& progress);

/// Throws Error{kBadData} where an entry is missing, not what it has to be, or not in keeping with
/// the others.
SavedProgress progress_from_text(const std::map<std::string, std::string>& text);

}  // namespace digitry
