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
using ::testing::Not;

const std::filesystem::path kRoot = DIGITRY_SOURCE_DIR;

std::vector<std::string> internal_headers() {
  std::istringstream lines(read_file(kRoot / "digitry/internal_headers.txt", 1 << 16));
  std::vector<std::string> headers;
  for (std::string line; std::getline(lines, line);) headers.push_back("digitry/" + line);
  return headers;
}

TEST(LightHeaders, EveryHeaderWithAnotherLibrarysIsListedAsInternal) {
  const std::vector<std::string> internal = internal_headers();
  for (const std::string& file : source_files(kRoot, "digitry")) {
    if (!file.ends_with(".h")) continue;
    if (foreign_headers(kRoot, file).empty())
      EXPECT_THAT(internal, Not(Contains(file))) << "it includes no header of another library";
    else
      EXPECT_THAT(internal, Contains(file))
          << "it includes " << *foreign_headers(kRoot, file).begin();
  }
}

TEST(LightHeaders, ListsOnlyFilesThatAreThere) {
  EXPECT_THAT(internal_headers(), Not(IsEmpty()));
  for (const std::string& file : internal_headers())
    EXPECT_TRUE(std::filesystem::exists(kRoot / file)) << file;
}

TEST(LightHeaders, AHeaderBehindAnotherIsFound) {
  EXPECT_THAT(foreign_headers(kRoot, "digitry/nn/plan/weighted_layer.h"), Contains("dnnl.hpp"));
}

}  // namespace
}  // namespace digitry::test
