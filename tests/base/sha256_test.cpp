#include "digitry/base/sha256.h"

#include <gtest/gtest.h>

namespace digitry {
namespace {

// Source: NIST, "Secure Hash Standard" example values.
TEST(Sha256, HasTheStandardsValues) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, TakesPieces) {
  Sha256 hash;
  const std::string_view text = "abc";
  hash.update(std::as_bytes(std::span(text.substr(0, 1))));
  hash.update(std::as_bytes(std::span(text.substr(1))));
  EXPECT_EQ(hash.finish(), sha256("abc"));
}

}  // namespace
}  // namespace digitry
