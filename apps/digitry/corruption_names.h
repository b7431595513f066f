#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "digitry/data/corruption.h"

namespace digitry::app {

/// "all", or names with commas between: "fog,stripe". Each once, in that order.
/// Throws Error{kInvalidArgument} for other text, naming the corruptions that there are.
std::vector<Corruption> parse_corruptions(const std::string& text);

/// --corrupt NAMES: which corruptions, for `parse_corruptions`; "all" where no name follows.
CLI::Option* add_corrupt_option(CLI::App& command, std::optional<std::string>& names,
                                const std::string& help);

}  // namespace digitry::app
