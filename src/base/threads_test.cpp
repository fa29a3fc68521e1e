#include "base/threads.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "base/error.h"

namespace nescio {
namespace {

/// What thread_count() says after set_thread_count(threads).
int counted(int threads) {
#ifdef _OPENMP
  return threads;
#else
  return std::min(threads, 1);
#endif
}

TEST(ParallelFor, VisitsEachItemOnce) {
  std::vector<std::atomic<int>> visits(1000);
  parallel_for(visits.size(), [&](std::size_t i) { ++visits[i]; });
  for (const auto& v : visits) EXPECT_EQ(v, 1);
}

TEST(ParallelFor, RethrowsTheFirstErrorAndStops) {
  std::atomic<int> visits{0};
  EXPECT_THROW(parallel_for(1000000,
                            [&](std::size_t i) {
                              ++visits;
                              if (i == 10) throw Error("item 10");
                            }),
               Error);
  EXPECT_LT(visits, 1000000);
}

TEST(ParallelFor, NumbersItsThreads) {
  const int before = thread_count();
  set_thread_count(3);
  std::atomic<int> outside{0};
  parallel_for_threads(500, [&](std::size_t, int thread) {
    if (thread < 0 || thread >= 3) ++outside;
  });
  EXPECT_EQ(outside, 0);
  EXPECT_EQ(thread_count(), counted(3));
  set_thread_count(before);
  EXPECT_THROW(set_thread_count(0), Error);
}

#ifdef _OPENMP
TEST(ParallelFor, WorksInAForkedProcess) {
  const int before = thread_count();
  set_thread_count(3);
  std::atomic<int> visits{0};
  parallel_for(100, [&](std::size_t) { ++visits; });  // OpenMP's threads are there now
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);  // a loop that waits for threads that are not there ends as a failure
    parallel_for(100, [&](std::size_t) { ++visits; });
    bool refused = false;
    try {
      set_thread_count(2);
    } catch (const Error&) {
      refused = true;
    }
    _exit(visits == 200 && thread_count() == 1 && refused ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(thread_count(), 3);
  set_thread_count(before);
}
#endif

TEST(ParallelFor, CountsTheSameOnEveryThread) {
  const int before = thread_count();
  set_thread_count(5);
  int elsewhere = 0;
  std::thread([&] { elsewhere = thread_count(); }).join();
  EXPECT_EQ(elsewhere, counted(5));
  set_thread_count(before);
}

TEST(ParallelFor, LeavesOneThreadToWhatRunsInside) {
  const int before = thread_count();
  set_thread_count(2);
  parallel_for(1, [](std::size_t) { EXPECT_EQ(thread_count(), 1); });
  EXPECT_EQ(thread_count(), counted(2));
  set_thread_count(before);
}

}  // namespace
}  // namespace nescio
