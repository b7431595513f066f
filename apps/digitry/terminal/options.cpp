#include "apps/digitry/terminal/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

namespace digitry::app {

CLI::Validator number_in(double low, double high) {
  const auto check = [low, high](const std::string& text) {
    double value = 0;
    // Written so that NaN fails it.
    const bool fits = CLI::detail::lexical_cast(text, value) && value >= low && value <= high;
    return fits ? std::string()
                : fmt::format("expected a number from {} to {}, found {}", low, high, text);
  };
  return {check, fmt::format("NUMBER in [{} - {}]", low, high), "number"};
}

CLI::Validator not_empty() {
  const auto check = [](const std::string& text) {
    return text.empty() ? std::string("expected non-empty text, found none") : std::string();
  };
  return {check, "", "not empty"};
}

CLI::Validator png_name() {
  const auto check = [](const std::string& text) {
    return text.ends_with(".png") ? std::string()
                                  : "expected a name that ends in .png, found " + text;
  };
  return {check, "", "PNG name"};
}

void add_model_argument(CLI::App& command, std::string& model) {
  command
      .add_option("model", model,
                  "A model file, the folder of a run, or a shipped model (digitry info lists them)")
      ->type_name("MODEL")
      ->required();
}

CLI::Option* add_image_size_option(CLI::App& command, std::optional<std::string>& image_size) {
  return command
      .add_option(
          "--image-size", image_size,
          "Bring image files to this size and keep their aspect: a side or WIDTHxHEIGHT [their "
          "own size; 28 if they differ]")
      ->type_name("SIZE")
      ->check(not_empty());
}

CLI::Option* add_label_from_option(CLI::App& command, std::optional<std::string>& label_from) {
  return command
      .add_option(
          "--label-from", label_from,
          "Where the class of an image file is written: in the name of its folder, or at the "
          "start of its own name (5_a.jpg) [folder]")
      ->check(CLI::IsMember({"folder", "name"}));
}

LabelFrom parse_label_from(const std::string& name) {
  return name == "name" ? LabelFrom::kName : LabelFrom::kFolder;
}

CLI::Option* add_channels_option(CLI::App& command, std::optional<std::string>& channels) {
  return command
      .add_option("--channels", channels,
                  "Colours of the images: turned to grey, or kept as three channels [grey]")
      ->check(CLI::IsMember({"grey", "colour"}));
}

Channels parse_channels(const std::string& name) {
  return name == "colour" ? Channels::kColour : Channels::kGrey;
}

void add_threads_option(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "Number of threads; 0 for one per processor [0]")
      ->check(CLI::Range(0, 1024));
}

}  // namespace digitry::app
