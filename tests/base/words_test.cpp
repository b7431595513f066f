#include "digitry/base/words.h"

#include <gtest/gtest.h>

namespace digitry {
namespace {

const std::vector<std::string> kNames = {"data", "train", "evaluate", "predict", "report"};

TEST(Nearest, FindsWhatWasMeant) {
  EXPECT_EQ(nearest("trian", kNames), "train");
  EXPECT_EQ(nearest("tran", kNames), "train");
  EXPECT_EQ(nearest("evalute", kNames), "evaluate");
  EXPECT_EQ(nearest("raport", kNames), "report");
}

TEST(Nearest, IsEmptyWhereNothingIsNear) {
  EXPECT_EQ(nearest("xyz", kNames), "");
  EXPECT_EQ(nearest("", kNames), "");
  EXPECT_EQ(nearest("train", {}), "");
}

}  // namespace
}  // namespace digitry
