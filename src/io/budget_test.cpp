#include "io/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "io/test_folder.h"

namespace nescio::io {
namespace {

using ::testing::HasSubstr;

TEST(Budget, GrowsWithTheFileFromAFloor) {
  Budget small(0, "a.pth");
  small.pay_memory(1u << 20);
  const std::string memory = error_of([&] { small.pay_memory(1); });
  EXPECT_THAT(memory, HasSubstr("a.pth: reading it takes far more memory"));
  Budget large(1u << 24, "a.pth");
  large.pay_memory(1u << 27);
}

TEST(Budget, WorkIsPaidByItself) {
  Budget budget(0, "a.pth");
  budget.pay_memory(1u << 20);
  budget.pay_work(1u << 20);
  EXPECT_THAT(error_of([&] { budget.pay_work(1); }), HasSubstr("far more work"));
}

TEST(Budget, NeverOverflows) {
  const std::size_t all = std::numeric_limits<std::size_t>::max();
  Budget budget(all, "a.pth");
  budget.pay_memory(all / 2);
  EXPECT_NO_THROW(budget.pay_memory(all / 4));
}

}  // namespace
}  // namespace nescio::io
