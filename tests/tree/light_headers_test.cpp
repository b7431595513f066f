#include "tests/tree/light_headers.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "digitry/base/file.h"
#include "tests/tree/include_order.h"

// A program that includes the public headers compiles without the headers of the libraries behind
// Digitry, which take long to read and need not be installed.

namespace digitry::test {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

const std::filesystem::path kRoot = DIGITRY_SOURCE_DIR;

std::vector<std::string> public_headers() {
  std::istringstream lines(read_file(kRoot / "digitry/public_headers.txt", 1 << 16));
  std::vector<std::string> headers;
  for (std::string line; std::getline(lines, line);) headers.push_back("digitry/" + line);
  return headers;
}

TEST(PublicHeaders, IncludeNoOtherLibrary) {
  for (const std::string& header : public_headers())
    EXPECT_THAT(foreign_headers(kRoot, header), IsEmpty()) << header;
}

TEST(PublicHeaders, IncludePublicHeadersAlone) {
  const std::vector<std::string> all = public_headers();
  for (const std::string& header : all)
    for (const std::string& included : included_headers(kRoot, header))
      EXPECT_THAT(all, Contains(included)) << "included by " << header;
}

TEST(PublicHeaders, AreThere) {
  EXPECT_THAT(public_headers(), Contains("digitry/digitry.h"));
  for (const std::string& header : public_headers())
    EXPECT_TRUE(std::filesystem::exists(kRoot / header)) << header;
}

TEST(LightHeaders, AHeaderBehindAnotherIsFound) {
  EXPECT_THAT(foreign_headers(kRoot, "digitry/nn/plan/weighted_layer.h"), Contains("dnnl.hpp"));
  EXPECT_THAT(included_headers(kRoot, "digitry/digitry.h"), Contains("digitry/tensor/tensor.h"));
}

}  // namespace
}  // namespace digitry::test
