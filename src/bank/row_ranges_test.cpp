#include "bank/row_ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_communicator.h"
#include "io/test_folder.h"

namespace nescio::bank {
namespace {

using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

Pairs pairs(const std::vector<Share>& ranges) {
  Pairs out;
  for (const Share& range : ranges) out.emplace_back(range.first, range.count);
  return out;
}

RowRanges of(const Pairs& ranges) {
  RowRanges all;
  for (const auto& [first, count] : ranges) all.add({first, count});
  return all;
}

TEST(RowRanges, JoinWhatTouches) {
  EXPECT_EQ(pairs(of({{4, 2}, {0, 2}, {6, 1}, {9, 0}}).ranges()), (Pairs{{0, 2}, {4, 3}}));
  EXPECT_EQ(pairs(of({{4, 2}, {0, 2}, {1, 5}}).ranges()), (Pairs{{0, 6}}));
  EXPECT_EQ(pairs(of({{4, 2}, {8, 2}, {0, 20}}).ranges()), (Pairs{{0, 20}}));
  EXPECT_EQ(pairs(of({{4, 8}, {5, 2}}).ranges()), (Pairs{{4, 8}}));
  EXPECT_EQ(of({{4, 2}, {0, 2}}).count(), 4u);
}

TEST(RowRanges, KnowWhatIsMissing) {
  EXPECT_EQ(pairs(of({}).gaps(5)), (Pairs{{0, 5}}));
  EXPECT_EQ(pairs(of({{0, 2}, {4, 1}}).gaps(9)), (Pairs{{2, 2}, {5, 4}}));
  EXPECT_EQ(pairs(of({{3, 6}}).gaps(9)), (Pairs{{0, 3}}));
}

TEST(RowRanges, AreSharedInWholeUnits) {
  const RowRanges there = of({{10, 10}, {33, 2}});
  for (const int size : {1, 2, 3, 7}) {
    RowRanges all = there;
    std::size_t most = 0, least = 100;
    PlayedProcesses::run(size, [&](Communicator& processes) {
      std::size_t units = 0;
      for (const Share& share : there.share_of_gaps(processes, 64, 5)) {
        EXPECT_TRUE(share.first % 5 == 0 || share.first == 35) << share.first;
        units += (share.count + 4) / 5;
        const std::size_t before = all.count();
        all.add(share);
        EXPECT_EQ(all.count(), before + share.count);  // nobody else has them
      }
      most = std::max(most, units);
      least = std::min(least, units);
    });
    EXPECT_EQ(all.count(), 64u);
    EXPECT_LE(most, least + 1);
  }
}

TEST(RowRanges, AreReadAgain) {
  const RowRanges some = of({{1, 2}, {7, 1}});
  EXPECT_EQ(pairs(RowRanges::from_json(some.to_json(), 8).ranges()), pairs(some.ranges()));
  for (const char* bad : {"5", "[[1,8]]", "[[9,0]]", "[[1]]", "[[-1,2]]", "[[1,\"2\"]]",
                          "[[18446744073709551615,2]]"}) {
    EXPECT_ANY_THROW(RowRanges::from_json(nlohmann::json::parse(bad), 8)) << bad;
  }
}

}  // namespace
}  // namespace nescio::bank
