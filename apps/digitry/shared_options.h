#pragma once

#include <CLI/CLI.hpp>
#include <string>

// Options that several subcommands have, so that they are the same in each.

namespace digitry::app {

/// What stands for a data set in help and completion: a name or a path.
inline constexpr const char* kDataType = "{mnist,fashion-mnist}|PATH";

/// The model to work with, the first argument.
void add_model_argument(CLI::App& command, std::string& model);

/// --threads.
void add_threads_option(CLI::App& command, int& threads);

}  // namespace digitry::app
