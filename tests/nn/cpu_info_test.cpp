#include "digitry/nn/cpu_info.h"

#include <gtest/gtest.h>

namespace digitry {
namespace {

TEST(CpuInfo, TellsWhatItCan) {
  const CpuInfo info = cpu_info();
  EXPECT_FALSE(info.model.empty());
  EXPECT_GE(info.num_processors, 1);
  EXPECT_FALSE(info.onednn_version.empty());
  EXPECT_FALSE(info.onednn_isa.empty());
  EXPECT_EQ(info.onednn_runtime, "OpenMP") << "one pool of threads for oneDNN and own loops";
}

}  // namespace
}  // namespace digitry
