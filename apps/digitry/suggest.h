#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace digitry::app {

/// The candidate most like `word`, where one is near enough to be what was meant; empty otherwise.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace digitry::app
