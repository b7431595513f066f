#include "apps/digitry/checks.h"

#include <fmt/format.h>

#include <string>

namespace digitry::app {

CLI::Validator number_in(double low, double high) {
  const auto check = [low, high](const std::string& text) {
    double value = 0;
    // Written so that NaN fails it.
    const bool fits = CLI::detail::lexical_cast(text, value) && value >= low && value <= high;
    return fits ? std::string()
                : fmt::format("want a number from {} to {}, found {}", low, high, text);
  };
  return {check, fmt::format("NUMBER in [{} - {}]", low, high), "number"};
}

CLI::Validator not_empty() {
  const auto check = [](const std::string& text) {
    return text.empty() ? std::string("want a text, found an empty one") : std::string();
  };
  return {check, "", "not empty"};
}

CLI::Validator png_name() {
  const auto check = [](const std::string& text) {
    return text.ends_with(".png") ? std::string() : "want a name that ends in .png, found " + text;
  };
  return {check, "", "PNG name"};
}

}  // namespace digitry::app
