#include "base/communicator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/test_communicator.h"

namespace nescio {
namespace {

TEST(Communicator, AloneIsTheFirstOfOne) {
  EXPECT_TRUE(alone().is_first());
  EXPECT_EQ(alone().size(), 1);
  std::array<float, 2> values = {1, 2};
  alone().sum(values);
  EXPECT_THAT(values, testing::ElementsAre(1, 2));
  EXPECT_EQ(share_of(alone(), 7).count, 7u);
}

TEST(Communicator, SumsReachEveryRank) {
  std::array<std::array<double, 2>, 3> found = {};
  PlayedProcesses::run(3, [&](Communicator& processes) {
    std::array<double, 2> values = {1.0 + processes.rank(), 10};
    processes.sum(values);
    processes.sum(values);
    found[static_cast<std::size_t>(processes.rank())] = values;
  });
  for (const auto& values : found) EXPECT_THAT(values, testing::ElementsAre(18, 90));
}

TEST(Communicator, SharesAreAllOfItInOrder) {
  for (const std::size_t count : {0u, 1u, 5u, 12u}) {
    std::size_t next = 0;
    PlayedProcesses::run(4, [&](Communicator& processes) {
      const Share share = share_of(processes, count);
      EXPECT_EQ(share.first, next);
      EXPECT_LE(share.count, count / 4 + 1);
      next += share.count;
    });
    EXPECT_EQ(next, count);
  }
}

}  // namespace
}  // namespace nescio
