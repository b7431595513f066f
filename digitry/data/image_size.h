#pragma once

#include <cstdint>

namespace digitry {

/// Height and width of an image in pixels.
struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const ImageSize&) const = default;
};

}  // namespace digitry
