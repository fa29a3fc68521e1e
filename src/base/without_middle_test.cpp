#include "base/without_middle.h"

#include <gtest/gtest.h>

namespace nescio {
namespace {

TEST(WithoutMiddle, KeepsBothEndsAndWholeCharacters) {
  EXPECT_EQ(without_middle("short", 5), "short");
  EXPECT_EQ(without_middle("0123456789abcdef", 8), "012345 ... ef");
  // Two bytes each: what would be cut in two is left out.
  EXPECT_EQ(without_middle("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", 4), "\xc3\xa4 ... ");
  EXPECT_EQ(without_middle(std::string(1'000'000, '\x80'), 100), " ... ");
}

}  // namespace
}  // namespace nescio
