#pragma once

#include <CLI/CLI.hpp>
#include <string>

// Validators of options that CLI11 lacks.

namespace digitry::app {

/// A number in [low, high]. Unlike CLI::Range it rejects "nan".
CLI::Validator number_in(double low, double high);

/// Any text but "", which would be treated as an option that was not given.
CLI::Validator not_empty();

/// The name of a picture to write, which must end in .png.
CLI::Validator png_name();

}  // namespace digitry::app

// Options that several subcommands share.

namespace digitry::app {

/// The type name of a data set in help and completion: a name or a path.
inline constexpr const char* kDataType = "{mnist,fashion-mnist}|PATH";

/// Adds the first argument: the model.
void add_model_argument(CLI::App& command, std::string& model);

/// Adds --threads.
void add_threads_option(CLI::App& command, int& threads);

}  // namespace digitry::app
