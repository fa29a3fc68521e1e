#include "base/row_argmax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nescio {
namespace {

TEST(RowArgmax, IsTheFirstOfTheLargest) {
  const Array found = row_argmax(Array({3, 3}, std::vector<float>{1, 3, 2, -1, -2, -1, 0, 0, 5}));
  EXPECT_EQ(found.shape(), Shape{3});
  EXPECT_THAT(found.as<std::int64_t>(), testing::ElementsAre(1, 0, 2));
}

}  // namespace
}  // namespace nescio
