#include "base/shell_word.h"

#include <gtest/gtest.h>

namespace nescio {
namespace {

TEST(ShellWord, IsQuotedWhereAShellWouldReadMoreIntoIt) {
  EXPECT_EQ(shell_word("bank=a/b.c"), "bank=a/b.c");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("knn(k=50)"), "'knn(k=50)'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
}

}  // namespace
}  // namespace nescio
