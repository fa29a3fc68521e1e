#include "io/temporary_name.h"

#include <gtest/gtest.h>

namespace nescio::io {
namespace {

TEST(TemporaryName, TellsItsFile) {
  EXPECT_EQ(file_of_temporary(temporary_name("a.json", 0xffffffffffffffffu)), "a.json");
  EXPECT_EQ(file_of_temporary("a.b.7.tmp"), "a.b");
  EXPECT_EQ(file_of_temporary("a.json.17-0.tmp"), "a.json");
  for (const char* other :
       {"a.json", "a.tmp", "a..tmp", ".7.tmp", "a.old.tmp", "a.7.tmp2", "7.tmp", ".tmp", ""}) {
    EXPECT_EQ(file_of_temporary(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace nescio::io
