#include "digitry/base/thread_advisor.h"

#include <gtest/gtest.h>

namespace digitry {
namespace {

// A system in which `waiting` threads of this process wait and `idle` processors idle all the time.
class System {
 public:
  ProcessorTimes after(double seconds, double waiting, double idle) {
    now_.wall += seconds;
    now_.waited += seconds * waiting;
    now_.idle += seconds * idle;
    return now_;
  }

 private:
  ProcessorTimes now_{.wall = 1000, .waited = 50, .idle = 300};
};

TEST(ThreadAdvisor, KeepsAllThreadsWhereNobodyElseWorks) {
  System system;
  ThreadAdvisor advisor(8);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(advisor.advise(system.after(0.15, 0.05, 0)), 8);
}

TEST(ThreadAdvisor, GivesUpAsManyThreadsAsWait) {
  System system;
  ThreadAdvisor two(2);
  EXPECT_EQ(two.advise(system.after(0, 0, 0)), 2);
  EXPECT_EQ(two.advise(system.after(0.05, 1, 0)), 2) << "too short to tell";
  EXPECT_EQ(two.advise(system.after(0.15, 1, 0)), 1);
  EXPECT_EQ(two.advise(system.after(0.15, 3, 0)), 1) << "never less than one";

  ThreadAdvisor eight(8);
  eight.advise(system.after(0, 0, 0));
  EXPECT_EQ(eight.advise(system.after(0.2, 0.4, 0)), 7);
  EXPECT_EQ(eight.advise(system.after(0.2, 3.2, 0)), 4);
  EXPECT_EQ(eight.advise(system.after(0.2, 0, 0)), 4) << "the other programs still run";
}

TEST(ThreadAdvisor, TakesThreadsBackOnceProcessorsHaveIdledForLong) {
  System system;
  ThreadAdvisor advisor(4);
  advisor.advise(system.after(0, 0, 0));
  ASSERT_EQ(advisor.advise(system.after(0.2, 3, 0)), 1);
  // How long it takes until it is another number.
  const auto patience = [&](int now, double idle) {
    double seconds = 0;
    while (advisor.advise(system.after(0.2, 0, idle)) == now && seconds < 1000) seconds += 0.2;
    return seconds;
  };
  EXPECT_NEAR(patience(1, 2.1), 2, 0.5);
  EXPECT_EQ(advisor.advise(system.after(0.2, 0, 0)), 3);
  EXPECT_NEAR(patience(3, 0.8), 4, 0.5);
  EXPECT_EQ(advisor.advise(system.after(100, 0, 4)), 4) << "never more than all";
  ASSERT_EQ(advisor.advise(system.after(0.2, 2, 0)), 2);
  EXPECT_NEAR(patience(2, 2), 8, 0.5) << "the others come again: more and more seldom";
}

TEST(ThreadAdvisor, AMomentOfIdlingIsNotEnough) {
  System system;
  ThreadAdvisor advisor(2);
  advisor.advise(system.after(0, 0, 0));
  ASSERT_EQ(advisor.advise(system.after(0.2, 1, 0)), 1);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(advisor.advise(system.after(1, 0, 1)), 1);
    EXPECT_EQ(advisor.advise(system.after(0.2, 0, 0.2)), 1);
  }
}

TEST(ThreadAdvisor, ReadsTimesThatGrow) {
  const auto before = read_processor_times();
  if (!before) GTEST_SKIP() << "this kernel has no schedstat";
  EXPECT_GE(before->waited, 0);
  const auto after = read_processor_times();
  ASSERT_TRUE(after);
  EXPECT_GT(after->wall, before->wall);
  EXPECT_GE(after->idle, before->idle);
  EXPECT_EQ(ThreadAdvisor(1).advise(), 1);
}

}  // namespace
}  // namespace digitry
