#pragma once

#include <string>

namespace digitry::app {

/// `word` as a POSIX shell reads it back, for commands that a person may copy: in quotes only where
/// it needs them.
std::string shell_word(const std::string& word);

}  // namespace digitry::app
