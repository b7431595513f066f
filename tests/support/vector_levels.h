#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "digitry/base/vectorize.h"

namespace digitry::test {

/// For tests of kernels that are written for several widths: they run at each that this machine
/// has.
inline auto each_vector_level() { return ::testing::ValuesIn(vector_levels()); }

/// Names of tests have no hyphens.
inline std::string name_of(VectorLevel level) {
  std::string name = to_string(level);
  std::ranges::replace(name, '-', '_');
  return name;
}

}  // namespace digitry::test
