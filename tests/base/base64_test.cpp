#include <gtest/gtest.h>

#include "digitry/base/text.h"

namespace digitry {
namespace {

// The examples of RFC 4648, section 10, and bytes that are not text.
TEST(Base64, AgreesWithTheRfcBothWays) {
  for (const auto& [bytes, text] : {std::pair{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"},
                                    {"\xFF\xFE", "//4="}}) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "=", "Zg==Zg==", "Zm9_", "Zm9 ", "Zm\n9",
                           "Zh==", "Zm9=", "Zm8\xC3"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace digitry
