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

/// Values of [outer, channels, inner] as [outer, channels / block, inner, block].
inline std::vector<float> to_blocks(const std::vector<float>& plain, std::int64_t channels,
                                    std::int64_t inner, std::int64_t block) {
  std::vector<float> blocks(plain.size());
  for (std::int64_t i = 0; i < std::ssize(plain); ++i) {
    const std::int64_t channel = i / inner % channels;
    const std::int64_t at = (i / inner / channels * channels + channel / block * block) * inner +
                            i % inner * block + channel % block;
    blocks[static_cast<std::size_t>(at)] = plain[static_cast<std::size_t>(i)];
  }
  return blocks;
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
