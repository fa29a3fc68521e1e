#include "bank/split_place.h"

#include <gtest/gtest.h>

#include "base/usage.h"

namespace nescio::bank {
namespace {

TEST(SplitPlace, IsABankAndASplit) {
  const SplitPlace place = parse_split_place("a#b#c/train", "targets");
  EXPECT_EQ(place.bank, "a#b");
  EXPECT_EQ(place.split, "c/train");
  for (const char* wrong : {"bank", "#c/train", "bank#train", "bank#"}) {
    EXPECT_THROW(parse_split_place(wrong, "targets"), UsageError) << wrong;
  }
}

}  // namespace
}  // namespace nescio::bank
