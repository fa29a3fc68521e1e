#include "base/numbers.h"

#include <gtest/gtest.h>

namespace nescio {
namespace {

TEST(Numbers, AsPeopleReadThem) {
  EXPECT_EQ(short_number(-8.58853816986084), "-8.589");
  EXPECT_EQ(short_number(0.12345678), "0.1235");
  EXPECT_EQ(short_number(2), "2");
  EXPECT_EQ(thousands(0), "0");
  EXPECT_EQ(thousands(999), "999");
  EXPECT_EQ(thousands(1234567), "1,234,567");
  EXPECT_EQ(per_cent(0.88125), "88.12");
  EXPECT_EQ(per_cent(0.5, 0), "50");
  EXPECT_EQ(signed_per_cent(0.016), "+1.60");
  EXPECT_EQ(signed_per_cent(-0.003), "-0.30");
  EXPECT_EQ(signed_per_cent(-0.00001), "0.00");
}

}  // namespace
}  // namespace nescio
