#include "apps/digitry/commands/serve_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace digitry::app {
namespace {

const LogTime kLogTime = LogTime(std::chrono::milliseconds(1'700'000'000'042));

serving::AccessRecord one_record() {
  return {.client = "127.0.0.1",
          .method = "GET",
          .target = "/a?b=\"c\"\n",
          .route = "",
          .status = 404,
          .request_bytes = 3,
          .response_bytes = 120,
          .seconds = 0.000123};
}

TEST(ServeLog, WritesLogfmt) {
  EXPECT_EQ(message_line(LogFormat::kText, kLogTime, LogLevel::kInfo, "ready"),
            "time=2023-11-14T22:13:20.042Z level=info message=ready\n");
  EXPECT_EQ(message_line(LogFormat::kText, kLogTime, LogLevel::kWarning, "no \"model\"\n"),
            "time=2023-11-14T22:13:20.042Z level=warning message=\"no \\\"model\\\"\\n\"\n");
  EXPECT_EQ(access_line(LogFormat::kText, kLogTime, one_record()),
            "time=2023-11-14T22:13:20.042Z level=info client=127.0.0.1 method=GET "
            "target=\"/a?b=\\\"c\\\"\\n\" status=404 request_bytes=3 response_bytes=120 "
            "seconds=0.000123\n");
}

TEST(ServeLog, WritesJson) {
  const std::string line = access_line(LogFormat::kJson, kLogTime, one_record());
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(nlohmann::json::parse(line), nlohmann::json({{"time", "2023-11-14T22:13:20.042Z"},
                                                         {"level", "info"},
                                                         {"client", "127.0.0.1"},
                                                         {"method", "GET"},
                                                         {"target", "/a?b=\"c\"\n"},
                                                         {"status", 404},
                                                         {"request_bytes", 3},
                                                         {"response_bytes", 120},
                                                         {"seconds", 0.000123}}));
}

TEST(ServeLog, AFailureOfTheServerIsAWarning) {
  serving::AccessRecord record = one_record();
  record.status = 500;
  EXPECT_NE(access_line(LogFormat::kText, kLogTime, record).find("level=warning"),
            std::string::npos);
}

}  // namespace
}  // namespace digitry::app
