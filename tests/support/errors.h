#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "digitry/base/error.h"

namespace digitry::test {

/// Checks that `action` throws an Error with `code` whose message contains each of `parts`.
template <typename Action>
void expect_error(ErrorCode code, const std::vector<std::string>& parts, const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
    for (const std::string& part : parts) EXPECT_THAT(error.what(), ::testing::HasSubstr(part));
    return;
  }
  ADD_FAILURE() << "nothing was thrown; expected an error with code: " << to_string(code);
}

}  // namespace digitry::test
