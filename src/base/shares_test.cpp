#include "base/shares.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/test_communicator.h"

namespace nescio {
namespace {

TEST(Shares, AreWholeBlocks) {
  for (const std::size_t rows : {0u, 1u, 9u, 10u, 37u}) {
    PlayedProcesses::run(3, [&](Communicator& processes) {
      std::size_t next = 0;
      for (int rank = 0; rank < 3; ++rank) {
        const Share share = share_of_rows(processes, rows, 10, rank);
        if (rank == processes.rank()) {
          EXPECT_EQ(share_of_rows(processes, rows, 10).first, share.first);
        }
        EXPECT_EQ(share.first, next);
        next += share.count;
        EXPECT_TRUE(share.count % 10 == 0 || next == rows);
      }
      EXPECT_EQ(next, rows);
    });
  }
}

// More processes than values, values in pieces, and bits that a sum would not keep.
TEST(Shares, GathersBitForBit) {
  const auto gathered = []<class T>(std::size_t count, int size, T) {
    std::vector<T> all(count);
    std::iota(all.begin(), all.end(), T(0.1));
    if (count > 0) all[0] = T(-0.0);
    if (count > 1) all[count - 1] = std::numeric_limits<T>::infinity();
    PlayedProcesses::run(size, [&](Communicator& processes) {
      const Share own = share_of(processes, count);
      std::vector<T> values(count, T(7));
      for (std::size_t i = own.first; i < own.first + own.count; ++i) values[i] = all[i];
      gather(processes, values, own);
      EXPECT_EQ(values, all);
      if (count > 0) {
        EXPECT_TRUE(std::signbit(values[0]));
      }
    });
  };
  for (const std::size_t count : {0u, 1u, 2u, 5u, (1u << 20) + 3u}) {
    gathered(count, 3, float());
    gathered(count, 2, double());
  }
}

}  // namespace
}  // namespace nescio
