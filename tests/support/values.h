#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "digitry/base/random.h"

namespace digitry::test {

/// Standard normal values, a function of `stream` only.
inline std::vector<float> random_values(std::int64_t count, std::uint32_t stream) {
  RandomStream random(1, RandomPurpose::kTest, stream);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = random.next_normal();
  return values;
}

/// Small whole numbers: their sums of products are exact in any order.
inline std::vector<float> whole_values(std::int64_t count, std::uint32_t stream) {
  std::vector<float> values = random_values(count, stream);
  for (float& value : values) value = std::round(2 * value);
  return values;
}

inline std::vector<std::int32_t> random_labels(std::int64_t count, std::int64_t num_classes,
                                               std::uint32_t stream) {
  RandomStream random(2, RandomPurpose::kTest, stream);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(count));
  for (std::int32_t& label : labels)
    label = static_cast<std::int32_t>(random.next_below(static_cast<std::uint32_t>(num_classes)));
  return labels;
}

inline std::vector<std::uint8_t> random_pixels(std::int64_t count, std::uint32_t stream) {
  RandomStream random(3, RandomPurpose::kTest, stream);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(count));
  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(random.next_below(256));
  return pixels;
}

}  // namespace digitry::test
