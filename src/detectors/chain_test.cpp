#include "detectors/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio {
namespace {

std::string message(const std::string& spec) {
  try {
    const Chain chain(spec);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Chain, RefusesWhatIsUnknownWithTheNearestName) {
  using testing::HasSubstr;
  EXPECT_THAT(message("enrgy"), HasSubstr("Did you mean 'energy'?"));
  EXPECT_THAT(message("mds"), HasSubstr("here it is called 'mahalanobis'"));
  EXPECT_THAT(message("ebo"), HasSubstr("here it is called 'energy'"));
  EXPECT_THAT(message("knn(K=5)"), HasSubstr("unknown parameter 'K'. Did you mean 'k'?"));
  EXPECT_THAT(message("knn(k=0)"), HasSubstr("k: expected a value >= 1, found 0"));
  EXPECT_THAT(message("knn(k=five)"), HasSubstr("expected a whole number, found 'five'"));
  EXPECT_THAT(message("react(q=1.5)+energy"), HasSubstr("in [0, 1]"));
  EXPECT_THAT(message("msp(variant=openod)"), HasSubstr("Did you mean 'openood'?"));
  EXPECT_THAT(message("react"), HasSubstr("react+energy"));
  EXPECT_THAT(message("knn+energy"), HasSubstr("can only stand last"));
  EXPECT_THAT(message("knn(k=[1,2])"), HasSubstr("a list stands for several"));
  EXPECT_THAT(message("knn(vim)"), HasSubstr("takes key=value"));
  EXPECT_EQ(message("react(q=0.5,fit_on=train)+knn(k=3)"), "accepted");
}

TEST(Chain, SaysWhatIsMissing) {
  const Inputs logits_only = make_inputs(3, 0, std::nullopt);
  EXPECT_THROW(Chain("knn").score(logits_only), Error);
  EXPECT_THROW(Chain("react+energy").fit(logits_only, {}), Error);
  EXPECT_THROW(Chain("vim").score(make_inputs(3, 4, HeadTables{Matrix(3, 4), Matrix(1, 3)})),
               Error);
  EXPECT_NO_THROW(Chain("energy").score(logits_only));
}

TEST(Chain, RefusesAShaperThatDoesNotReachWhatIsRead) {
  using testing::HasSubstr;
  EXPECT_THAT(message("react+odin"), HasSubstr("odin reads neither"));
  EXPECT_THAT(message("react(q=0.5)+scale+odin"), HasSubstr("use odin alone"));
  const Inputs in = make_inputs(3, 4, HeadTables{Matrix(3, 4), Matrix(1, 3)});
  for (const char* spec : {"scale+knn(k=1)", "react+scale+knn(k=1)"}) {
    Chain chain(spec);
    Split split{
        "a/b", {{"features", Array({2, 4}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 9})}}, {}, 3};
    Statistics statistics(split, Executor::cpu);
    chain.fit(in, {&statistics, &statistics});
    EXPECT_THAT(error_of([&] { chain.score(in); }),
                HasSubstr("scale changes nothing that knn reads"));
  }
}

TEST(Chain, AllSpecsAreValid) {
  for (const std::string& spec : all_specs()) EXPECT_EQ(message(spec), "accepted") << spec;
}

}  // namespace
}  // namespace nescio
