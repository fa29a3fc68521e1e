#include "bank/write_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace nescio::bank {
namespace {

BankView rows_from(float first) {
  const Array features({3, 2}, std::vector<float>{first, 1, 2, 3, 4, 5});
  return view_of(
      "a/b", {{"features", features}, {"labels", Array({3}, std::vector<std::int64_t>{0, 1, 0})}});
}

TEST(WriteSplit, ReplacesWhatIsThere) {
  const io::TestFolder folder;
  FeatureBank bank = FeatureBank::open_or_create(folder / "bank");
  for (const float first : {7.0f, 8.0f}) {
    write_split(bank, rows_from(first), "test");
    EXPECT_EQ(bank.array("a/b", "features").as<float>()[0], first);
  }
  EXPECT_THAT(bank.arrays("a/b"), testing::ElementsAre("features", "labels"));
  EXPECT_EQ(FeatureBank::open(folder / "bank").array("a/b", "labels").as<std::int64_t>()[1], 1);
}

TEST(WriteSplit, GoesOnFromNobodysRows) {
  const io::TestFolder folder;
  FeatureBank bank = FeatureBank::open_or_create(folder / "bank");
  const std::vector<ArrayPlan> plans = {{"features", DType::float32, {2}},
                                        {"labels", DType::int64, {}}};
  {
    SplitWriter interrupted(bank, "a/b", 3, plans, {{"source", "test"}});
    interrupted.write("features", Array({2, 2}, std::vector<float>(4, 9)));
    interrupted.write("labels", Array({2}, std::vector<std::int64_t>{9, 9}));
    interrupted.commit(2);
  }
  ASSERT_EQ(SplitWriter(bank, "a/b", 3, plans, {{"source", "test"}}).done(), 2u);
  write_split(bank, rows_from(7), "test");
  EXPECT_EQ(bank.array("a/b", "features").as<float>()[0], 7);
  EXPECT_EQ(bank.array("a/b", "labels").as<std::int64_t>()[0], 0);
}

}  // namespace
}  // namespace nescio::bank
