#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

namespace digitry::test {

/// Checks |got − want| ≤ absolute + relative · |want| for every element. Reports only the worst.
inline void expect_near(std::span<const float> got, std::span<const float> want, double absolute,
                        double relative) {
  ASSERT_EQ(got.size(), want.size());
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double allowed = absolute + relative * std::fabs(double{want[i]});
    const double difference = std::fabs(double{got[i]} - double{want[i]});
    if (difference == 0) continue;  // Also if the allowed error is 0.
    const double excess = difference / allowed;
    // NaN counts as the worst.
    if (!(excess <= worst)) {
      worst = std::isnan(excess) ? HUGE_VAL : excess;
      at = i;
    }
  }
  if (worst > 1)
    ADD_FAILURE() << "element " << at << ": got " << got[at] << ", expected " << want[at] << ", "
                  << worst << " times the allowed error";
}

/// Whether the bytes are equal: distinguishes -0 from 0, and is fast.
inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

}  // namespace digitry::test
