#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "digitry/vision/reader.h"

namespace digitry::app {

/// A class that a digit may be of instead.
struct Alternative {
  std::size_t label;
  float probability;
};

/// The classes that come next, at most three, the likeliest first.
std::vector<Alternative> alternatives_of(const ReadDigit& digit);

/// What is told of a picture of this size, by `digitry predict --json` and by the server.
nlohmann::ordered_json reading_json(std::int64_t width, std::int64_t height, const Reading& reading,
                                    const std::vector<std::string>& class_names);

}  // namespace digitry::app
