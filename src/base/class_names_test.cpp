#include "base/class_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace nescio {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Names = std::vector<std::string>;

ClassMatch match(const Names& expected, const Names& found) {
  return match_class_names(expected, found, "here");
}

std::string fault(const Names& expected, const Names& found) {
  try {
    match(expected, found);
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

TEST(ClassNames, AreMatchedWhereverTheirNumberIsAnother) {
  const Names four = {"ant", "bee", "cow", "dog"};
  EXPECT_EQ(match({}, four).how, Classes::unknown);
  EXPECT_EQ(match(four, {}).how, Classes::unknown);
  EXPECT_EQ(match(four, four).how, Classes::same);
  EXPECT_EQ(match(four, {"ant", "bee"}).how, Classes::same);  // no label means another class

  const ClassMatch fewer = match(four, {"bee", "cow", "dog"});
  EXPECT_EQ(fewer.how, Classes::within);
  EXPECT_THAT(fewer.number_of, ElementsAre(1, 2, 3));
  const ClassMatch turned = match(four, {"dog", "bee", "cow", "ant"});
  EXPECT_EQ(turned.how, Classes::within);
  EXPECT_THAT(turned.number_of, ElementsAre(3, 1, 2, 0));

  const ClassMatch more = match({"bee", "cow"}, four);
  EXPECT_EQ(more.how, Classes::overlapping);
  EXPECT_THAT(more.number_of, ElementsAre(-1, 0, 1, -1));
  EXPECT_THAT(more.known, ElementsAre("bee", "cow"));
  EXPECT_THAT(more.foreign, ElementsAre("ant", "dog"));
  EXPECT_EQ(match(four, {"Ant", "eel"}).how, Classes::apart);
}

TEST(ClassNames, ThatStandTwiceAreMatchedInTheirOrderOnly) {
  const Names cranes = {"crane", "crate", "crane"};
  EXPECT_EQ(match(cranes, cranes).how, Classes::same);
  EXPECT_THAT(fault(cranes, {"crate", "crane"}),
              HasSubstr("here: classes cannot be matched by name, since two are called 'crane'"));
  EXPECT_THAT(fault({"crate", "crane"}, cranes), HasSubstr("'crane'"));
  EXPECT_EQ(match(cranes, {"wool"}).how, Classes::apart);
  EXPECT_THAT(match(cranes, {"crate", "wool", "wool"}).number_of, ElementsAre(1, -1, -1));
}

TEST(ClassNames, SayWhatChanges) {
  EXPECT_EQ(renumbering({"bee", "cow", "ant"}, {1, 2, 0}),
            "0 'bee' becomes 1, 1 'cow' becomes 2, 2 'ant' becomes 0");
  EXPECT_EQ(renumbering({"ant", "dog"}, {0, 3}), "1 'dog' becomes 3");
  Names many;
  for (int i = 0; i < 12; ++i) many.push_back(text(i));
  EXPECT_THAT(first_names(many), HasSubstr("'9' and 2 more"));
}

TEST(FirstNumbers, NamesTenAtMost) {
  EXPECT_EQ(first_numbers({3}), "3");
  EXPECT_EQ(first_numbers({0, 3, 7}), "0, 3, 7");
  EXPECT_EQ(first_numbers({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
            "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more");
}

}  // namespace
}  // namespace nescio
