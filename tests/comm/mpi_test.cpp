#include "digitry/comm/mpi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/comm/mpirun.h"

namespace digitry::test {
namespace {

class Mpi : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, Mpi, testing::Values(1, 2, 5), testing::PrintToStringParamName());

TEST_P(Mpi, SumsGathersAndSplits) {
  const CommandResult ran = run_ranks(GetParam(), {DIGITRY_MPI_RANKS, std::to_string(GetParam())});
  EXPECT_EQ(ran.exit_status, 0) << ran.err;
  EXPECT_EQ(ran.out, "as expected\n");
}

TEST(MpiAbort, EndsRanksThatWait) {
  const CommandResult ran = run_ranks(3, {DIGITRY_MPI_RANKS, "alone"});
  EXPECT_EQ(ran.exit_status, 7) << ran.err;
}

}  // namespace
}  // namespace digitry::test
