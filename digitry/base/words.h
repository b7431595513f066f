#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace digitry {

/// The candidate most like `word`, if one is near enough to be what was meant; else empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// `word` as a POSIX shell reads it back, for commands that a person may copy: in quotes only if it
/// needs them.
std::string shell_word(const std::string& word);

}  // namespace digitry
