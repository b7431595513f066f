#include "digitry/data/known_datasets.h"
#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;

TEST(Cache, TakesTheFirstOfThreePlaces) {
  const ScopedEnvironment home("HOME", "/home/me");
  const ScopedEnvironment xdg("XDG_CACHE_HOME", "/cache");
  {
    const ScopedEnvironment own("DIGITRY_DATA_DIR", "/data");
    EXPECT_EQ(cache_folder(), "/data");
  }
  const ScopedEnvironment own("DIGITRY_DATA_DIR", nullptr);
  EXPECT_EQ(cache_folder(), "/cache/digitry");
  const ScopedEnvironment relative("XDG_CACHE_HOME", "cache");  // ignored
  EXPECT_EQ(cache_folder(), "/home/me/.cache/digitry");
  const ScopedEnvironment none("HOME", nullptr);
  expect_error(ErrorCode::kUnavailable, {"HOME is not set", "DIGITRY_DATA_DIR"},
               [] { cache_folder(); });
}

}  // namespace
}  // namespace digitry
