#include "cli/launched.h"

#include <gtest/gtest.h>

namespace nescio::cli {
namespace {

TEST(Launched, EachProcessOfAMachineHasItsOwnGpu) {
  EXPECT_EQ(own_gpu("", 4, 2), "2");
  EXPECT_EQ(own_gpu("", 4, 5), "1");  // more processes than GPUs
  EXPECT_EQ(own_gpu("3,GPU-8932f937", 4, 1), "GPU-8932f937");
  EXPECT_EQ(own_gpu("3", 4, 1), "");  // the launcher has chosen
  EXPECT_EQ(own_gpu("", 1, 1), "");
  EXPECT_EQ(own_gpu("", 0, 1), "");
}

}  // namespace
}  // namespace nescio::cli
