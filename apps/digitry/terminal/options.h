#pragma once

#include <optional>
#include <string>

#include "digitry/data/dataset.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name that CLI11 has.
class App;
class Option;
class Validator;
}  // namespace CLI

namespace digitry::app {

// Validators of options that CLI11 lacks.

/// A number in [low, high]. Unlike CLI::Range it rejects "nan".
CLI::Validator number_in(double low, double high);

/// Any text but "", which would be treated as an option that was not given.
CLI::Validator not_empty();

/// The name of a picture to write, which must end in .png.
CLI::Validator png_name();

// Options that several subcommands share.

/// The type name of a data set in help and completion: a name or a path.
inline constexpr const char* kDataType = "{mnist,fashion-mnist}|PATH";

/// Adds the first argument: the model.
void add_model_argument(CLI::App& command, std::string& model);

/// Adds --image-size and --label-from, of image files.
CLI::Option* add_image_size_option(CLI::App& command, std::optional<std::string>& image_size);
CLI::Option* add_label_from_option(CLI::App& command, std::optional<std::string>& label_from);

/// "name" or "folder", as --label-from takes them.
LabelFrom parse_label_from(const std::string& name);

/// Adds --channels, of images in any format.
CLI::Option* add_channels_option(CLI::App& command, std::optional<std::string>& channels);

/// "grey" or "colour", as --channels takes them.
Channels parse_channels(const std::string& name);

/// Adds --threads.
void add_threads_option(CLI::App& command, int& threads);

}  // namespace digitry::app
