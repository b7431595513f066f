#include <gtest/gtest.h>

#include "digitry/base/text.h"
#include "tests/properties/generated.h"

namespace digitry {
namespace {

TEST(Base64Property, FromBase64TakesBackWhatBase64Made) {
  for (const std::uint64_t seed : test::seeds(500)) {
    test::Draw draw(seed);
    const std::string bytes = draw.bytes(100);
    const std::string text = base64(bytes);
    SCOPED_TRACE(test::described(seed, text));
    EXPECT_EQ(text.size(), (bytes.size() + 2) / 3 * 4);
    ASSERT_EQ(from_base64(text), bytes);
  }
}

// Each value has exactly one encoding: a text that can be decoded is what base64 would produce.
TEST(Base64Property, NoOtherTextIsTaken) {
  for (const std::uint64_t seed : test::seeds(500)) {
    test::Draw draw(seed);
    std::string text = base64(draw.bytes(12));
    if (text.empty()) continue;
    const auto at = static_cast<std::size_t>(draw.integer(0, std::ssize(text) - 1));
    text[at] = draw.one_of({'A', 'Z', 'a', 'z', '0', '9', '+', '/', '=', '-', ' ', '\n'});
    SCOPED_TRACE(test::described(seed, text));
    const std::optional<std::string> bytes = from_base64(text);
    if (bytes) {
      ASSERT_EQ(base64(*bytes), text);
    }
  }
}

}  // namespace
}  // namespace digitry
