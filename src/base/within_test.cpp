#include "base/within.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nescio {
namespace {

using ::testing::StrEq;

TEST(Within, GivesWhatTheWorkGives) {
  int value = 1;
  int& same = within("f: ", [&]() -> int& { return value; });
  EXPECT_EQ(&same, &value);
  within("f: ", [&] { ++value; });
  EXPECT_EQ(value, 2);
}

TEST(Within, SaysWhereAnErrorHappened) {
  const auto nested = [] { within("file: ", [] { within("line 3: ", [] { fail("found x"); }); }); };
  EXPECT_THAT(nested, testing::ThrowsMessage<Error>(StrEq("file: line 3: found x")));
}

TEST(Within, KeepsAMistakeOnTheCommandLineOne) {
  EXPECT_THAT([] { within("out=: ", [] { fail_usage("is empty"); }); },
              testing::ThrowsMessage<UsageError>(StrEq("out=: is empty")));
}

TEST(Within, LetsPassWhatIsNoError) {
  EXPECT_THROW(within("f: ", [] { throw Interrupted("stop"); }), Interrupted);
  EXPECT_THROW(within("f: ", [] { throw std::bad_alloc(); }), std::bad_alloc);
}

}  // namespace
}  // namespace nescio
