#include "detectors/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio::detectors {
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
  EXPECT_THAT(message("imported(name=msp)"), HasSubstr("`nescio evaluate` alone takes it"));
  EXPECT_THAT(message("ensemble(msp)"), HasSubstr("`nescio evaluate` alone takes it"));
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

TEST(Chain, HoldsTheDetectorsThatOneIsMadeOf) {
  using testing::HasSubstr;
  EXPECT_THAT(message("mean"), HasSubstr("[mean] expected at least 2 detectors"));
  EXPECT_THAT(message("mean(msp)"), HasSubstr("found 1"));
  EXPECT_THAT(message("mean(msp,vmi)"), HasSubstr("Did you mean 'vim'?"));
  EXPECT_THAT(message("mean(msp,react)"), HasSubstr("react+energy"));
  EXPECT_THAT(message("mean(odin,msp,weights=(1,2,3))"),
              HasSubstr("expected one for each of the 2 detectors, found 3"));
  EXPECT_THAT(message("react+mean(odin,odin)"), HasSubstr("mean reads neither"));

  const Chain chain("mean(knn(k=5),mahalanobis,odin,weights=(2,1,1))");
  EXPECT_EQ(chain.spec(), "mean(knn(k=5),mahalanobis,odin,weights=(2,1,1))");
  EXPECT_FALSE(chain.needs().logits);
  EXPECT_TRUE(chain.needs().features);
  EXPECT_TRUE(chain.needs().labels);
  EXPECT_THAT(chain.needs().arrays, testing::ElementsAre("odin(epsilon=0.0014,T=1000)"));
  EXPECT_THAT(chain.fits_on(), testing::UnorderedElementsAre("train", "val"));
  EXPECT_THAT(Chain("mean(msp,energy,fit_on=train)").fits_on(), testing::ElementsAre("train"));
  EXPECT_TRUE(Chain("energy").fits_on().empty());
}

TEST(Chain, TellsAListFromASweep) {
  using testing::HasSubstr;
  EXPECT_THAT(message("knn(k=(1,2))"), HasSubstr("k: expected one value, found the list (1,2)"));
  EXPECT_THAT(message("mean(msp,energy,weights=[1,2])"), HasSubstr("in (): weights=(1,2)"));
  EXPECT_EQ(message("mean(msp,energy,weights=(1, 2))"), "accepted");
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
    statistics::Split split{
        "a/b", {{"features", Array({2, 4}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 9})}}, {}, 3};
    statistics::Statistics statistics(split, Executor::cpu);
    chain.fit(in, {&statistics, &statistics});
    EXPECT_THAT(io::error_of([&] { chain.score(in); }),
                HasSubstr("scale changes nothing that knn reads"));
  }
}

// A threshold half way between ID and OOD validation rows: learns from two splits, of which neither is train.
class Between final : public Detector {
 public:
  double threshold = 0;
  std::vector<std::string> fits_on() const override { return {"val", "ood_val"}; }
  void fit(const Inputs& in, const FitData& data) override {
    const Expr largest = row_max(in.logits);
    double ood = 0;
    for (statistics::Statistics* split : data.ood_val) ood += split->mean(largest)(0, 0);
    ood /= static_cast<double>(data.ood_val.size());
    threshold = 0.5 * (data.of("val").mean(largest)(0, 0) + ood);
  }
  Expr score(const Inputs& in) const override { return threshold - row_max(in.logits); }
};

TEST(Stage, MayLearnFromSeveralSplits) {
  const auto split = [](const char* name, float logit) {
    return statistics::Split{
        name, {{"logits", Array({1, 2}, std::vector<float>{logit, 0})}}, {}, 2};
  };
  statistics::Statistics val(split("a/val", 8), Executor::cpu);
  statistics::Statistics first(split("b/val", 1), Executor::cpu),
      second(split("c/val", 3), Executor::cpu);
  Between stage;
  const Inputs in = make_inputs(2, 0, std::nullopt);
  stage.fit(in, {nullptr, &val, {&first, &second}});
  EXPECT_EQ(stage.threshold, 5);
  EXPECT_THAT(io::error_of([&] {
                stage.fit(in, {&val, nullptr, {&first}});
              }),
              testing::HasSubstr("no val=SET/SPLIT is given"));
}

TEST(Chain, AllSpecsAreValid) {
  for (const std::string& spec : all_specs()) EXPECT_EQ(message(spec), "accepted") << spec;
}

}  // namespace
}  // namespace nescio::detectors
