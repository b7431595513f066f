#pragma once

#include <CLI/CLI.hpp>
#include <string>

// Checks of options that CLI11 has not got.

namespace digitry::app {

/// A number in [low, high]. Unlike CLI::Range it refuses "nan".
CLI::Validator number_in(double low, double high);

/// Any text but "", which would be taken for an option that was not given.
CLI::Validator not_empty();

/// The name of a picture to write: PNG is all there is.
CLI::Validator png_name();

}  // namespace digitry::app

// Options that several subcommands have, so that they are the same in each.

namespace digitry::app {

/// What stands for a data set in help and completion: a name or a path.
inline constexpr const char* kDataType = "{mnist,fashion-mnist}|PATH";

/// The model to work with, the first argument.
void add_model_argument(CLI::App& command, std::string& model);

/// --threads.
void add_threads_option(CLI::App& command, int& threads);

}  // namespace digitry::app
