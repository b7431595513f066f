#pragma once

#include <CLI/CLI.hpp>

// Checks of options that CLI11 has not got.

namespace digitry::app {

/// A number in [low, high]. Unlike CLI::Range it refuses "nan".
CLI::Validator number_in(double low, double high);

/// Any text but "", which would be taken for an option that was not given.
CLI::Validator not_empty();

/// The name of a picture to write: PNG is all there is.
CLI::Validator png_name();

}  // namespace digitry::app
