#include "digitry/base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace digitry {
namespace {

TEST(Log, GoesToTheSinkAndNowhereWithout) {
  std::string heard;
  set_log_sink([&](LogLevel level, std::string_view message) {
    heard += (level == LogLevel::kWarning ? "W:" : "I:") + std::string(message) + ";";
  });
  log(LogLevel::kInfo, "a");
  log(LogLevel::kWarning, "b");
  set_log_sink({});
  log(LogLevel::kInfo, "c");
  EXPECT_EQ(heard, "I:a;W:b;");
}

}  // namespace
}  // namespace digitry
