#include "base/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace nescio {
namespace {

using testing::ElementsAre;

TEST(Spec, PrintsWhatItRead) {
  for (const char* s :
       {"msp", "knn(k=50)", "react(q=0.9)+energy(T=1)", "msp(T=10,variant=openood)",
        "gmm(ridge=1e-06)", "mean(knn(k=5),react(q=0.9)+energy,vim)", "knn(k=[1,10,100])",
        "a-b_c(x=-1.5)", "a(b=(1,2))", "a(b=[(1,2),3],c=(x))"}) {
    EXPECT_EQ(print(parse_spec(s)), s);
  }
}

TEST(Spec, AllowsBlanksAndEmptyParentheses) {
  EXPECT_EQ(print(parse_spec(" react( q = 0.9 ) + energy() ")), "react(q=0.9)+energy");
}

TEST(Spec, RefusesWhatIsNoSpec) {
  for (const char* s : {"", "+", "knn(", "knn)", "knn(k=)", "knn(k)x", "knn(k=5", "knn(=5)", "a+",
                        "a(b=[])", "a(b=[1)", "a(b=())", "a(b=(1)", "a(b=(1,[2]))", "a(b=((1)))",
                        "knn(k=5)(k=6)", "a b", "a(b=c(d))"}) {
    EXPECT_THROW(parse_spec(s), Error) << s;
  }
  EXPECT_THROW(parse_spec(std::string(200, 'a') + std::string(100, '(')), Error);
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "a(";
  EXPECT_THROW(parse_spec(deep + "a" + std::string(100, ')')), Error);
}

TEST(Spec, SaysWhereItFails) {
  try {
    parse_spec("knn(k=5;T=1)+");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("expected"));
    EXPECT_THAT(e.what(), testing::HasSubstr("position"));
  }
}

TEST(Spec, RefusesAKeyGivenTwice) {
  const auto fault = [](const char* spec) {
    try {
      parse_spec(spec);
      return std::string("accepted");
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  EXPECT_EQ(fault("knn(k=1,k=2)"), "spec 'knn(k=1,k=2)': 'k' is given twice in knn(...)");
  EXPECT_NE(fault("react(q=0.9, q=0.9)+energy"), "accepted");
  EXPECT_NE(fault("knn(k=[1,2],T=1,k=[1,2])"), "accepted");
  EXPECT_NE(fault("mean(knn(k=1,k=2),vim)"), "accepted");
  EXPECT_EQ(fault("mean(knn(k=1),knn(k=2),vim,vim)"), "accepted");
}

TEST(Expand, VariesTheFirstParameterFastest) {
  EXPECT_THAT(expand_list("gen(gamma=[0.1,0.5],m=[10,20]),msp"),
              ElementsAre("gen(gamma=0.1,m=10)", "gen(gamma=0.5,m=10)", "gen(gamma=0.1,m=20)",
                          "gen(gamma=0.5,m=20)", "msp"));
  EXPECT_THAT(expand_list("mean(knn(k=[1,2]),vim)"),
              ElementsAre("mean(knn(k=1),vim)", "mean(knn(k=2),vim)"));
}

TEST(Expand, LeavesAListTogether) {
  EXPECT_THAT(expand_list("a(b=(1,2),c=[3,4])"), ElementsAre("a(b=(1,2),c=3)", "a(b=(1,2),c=4)"));
  EXPECT_THAT(expand_list("a(b=[(1,2),(3,4)])"), ElementsAre("a(b=(1,2))", "a(b=(3,4))"));
}

TEST(Expand, RefusesAnExplosion) {
  std::string list = "[0";
  for (int i = 1; i < 100; ++i) list += "," + std::to_string(i);
  list += "]";
  EXPECT_THROW(expand_list("a(x=" + list + ",y=" + list + ",z=" + list + ")"), Error);
}

TEST(Expand, IsBoundedByWhatAllSettingsTakeTogether) {
  const std::string five = "=[1,2,3,4,5]";
  std::string spec = "a(" + std::string(2000, 'b') + five;
  for (const char* key : {"c", "d", "e", "f", "g"}) spec += "," + (key + five);  // 15,625 of 2,078
  EXPECT_THROW(expand(parse_spec(spec + ")")), Error);
  EXPECT_EQ(expand(parse_spec("a(b=[1,2,3,4,5,6,7,8,9,10],c=[1,2,3,4,5,6,7,8,9,10])")).size(),
            100U);
}

}  // namespace
}  // namespace nescio
