#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace digitry::test {

/// Checks that structure, texts and whole numbers are equal and that other numbers differ by at
/// most `tolerance`: absolute below 1, relative above.
inline void expect_json_near(const nlohmann::json& got, const nlohmann::json& want,
                             double tolerance, const std::string& where = "$") {
  if (got.is_number_float() && want.is_number()) {
    const double allowed = tolerance * std::max(1.0, std::fabs(want.get<double>()));
    EXPECT_NEAR(got.get<double>(), want.get<double>(), allowed) << where;
  } else if (got.is_object() && want.is_object()) {
    ASSERT_EQ(got.size(), want.size()) << where;
    for (const auto& [key, value] : want.items()) {
      ASSERT_TRUE(got.contains(key)) << where << "." << key;
      expect_json_near(got[key], value, tolerance, where + "." + key);
    }
  } else if (got.is_array() && want.is_array()) {
    ASSERT_EQ(got.size(), want.size()) << where;
    for (std::size_t i = 0; i < want.size(); ++i)
      expect_json_near(got[i], want[i], tolerance, where + "[" + std::to_string(i) + "]");
  } else {
    EXPECT_EQ(got, want) << where;
  }
}

}  // namespace digitry::test
