#pragma once

#include <optional>
#include <string>

namespace digitry::app {

struct DataInfoArguments {
  std::string path;
  std::optional<std::string> image_size;
  std::optional<std::string> label_from;
  std::optional<std::string> channels;
  bool json = false;
  int num_samples = 10;
};

/// Prints a description of a data set to stdout: `digitry data info`.
void show_data_info(const DataInfoArguments& arguments);

}  // namespace digitry::app
