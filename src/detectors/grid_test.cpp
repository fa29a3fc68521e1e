#include "detectors/grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Grid, IsTheProductOfUsualValuesTheFirstParameterFastest) {
  const Grid grid = grid_of("gen");
  ASSERT_THAT(grid.settings, SizeIs(42));
  EXPECT_EQ(grid.settings[0], "gen(gamma=0.01,m=10)");
  EXPECT_EQ(grid.settings[1], "gen(gamma=0.1,m=10)");
  EXPECT_EQ(grid.settings[7], "gen(gamma=0.01,m=50)");
  EXPECT_EQ(grid.settings[41], "gen(gamma=10,m=1000)");
  EXPECT_EQ(grid.asked, "gen");
  EXPECT_EQ(grid.defaults, "gen");
  EXPECT_THAT(grid.left_out, IsEmpty());
}

TEST(Grid, KeepsWhatIsGiven) {
  const Grid grid = grid_of("gen( m = 100 )");
  ASSERT_THAT(grid.settings, SizeIs(7));
  EXPECT_EQ(grid.settings[2], "gen(m=100,gamma=0.5)");
  EXPECT_EQ(grid.defaults, "gen(m=100)");
}

TEST(Grid, OfAChainIsThatOfAllItsStages) {
  const Grid grid = grid_of("react+knn");
  ASSERT_THAT(grid.settings, SizeIs(4 * 5));
  EXPECT_EQ(grid.settings[0], "react(q=0.85)+knn(k=50)");
  EXPECT_EQ(grid.settings[1], "react(q=0.9)+knn(k=50)");
  EXPECT_EQ(grid.settings[4], "react(q=0.85)+knn(k=100)");
}

TEST(Grid, OfListsIsThemAlone) {
  const Grid grid = grid_of("vra(high=[0.9,0.95])+knn(k=[5,10])");
  EXPECT_THAT(grid.settings, ElementsAre("vra(high=0.9)+knn(k=5)", "vra(high=0.95)+knn(k=5)",
                                         "vra(high=0.9)+knn(k=10)", "vra(high=0.95)+knn(k=10)"));
  EXPECT_EQ(grid.asked, "vra(high=[0.9,0.95])+knn(k=[5,10])");
  EXPECT_EQ(grid.defaults, "");
  EXPECT_THAT(grid_of("knn(k=[7])").settings, ElementsAre("knn(k=7)"));
}

TEST(Grid, LeavesOutWhatNoDetectorHas) {
  const Grid grid = grid_of("vra(high=[0.05,0.9],low=[0.01,0.1])+energy");
  EXPECT_THAT(grid.settings,
              ElementsAre("vra(high=0.05,low=0.01)+energy", "vra(high=0.9,low=0.01)+energy",
                          "vra(high=0.9,low=0.1)+energy"));
  ASSERT_THAT(grid.left_out, SizeIs(1));
  EXPECT_EQ(grid.left_out[0].detector, "vra(high=0.05,low=0.1)+energy");
  EXPECT_THAT(grid.left_out[0].reason, HasSubstr("low"));
}

TEST(Grid, MayLeaveNothingToChoose) {
  for (const char* spec : {"max_logit", "energy", "knn(k=5,normalize=false)"}) {
    const Grid grid = grid_of(spec);
    EXPECT_THAT(grid.settings, IsEmpty()) << spec;
    EXPECT_EQ(grid.defaults, spec);
  }
}

// Four detectors of twenty settings each would be 160,000.
TEST(Grid, StopsBeforeTheMembersOfACombinator) {
  EXPECT_THAT(grid_of("mean(knn,gen)").settings,
              ElementsAre("mean(knn,gen,normalise=zscore)", "mean(knn,gen,normalise=rank)"));
  EXPECT_THAT(grid_of("mean(knn(k=[5,10]),gen)").settings,
              ElementsAre("mean(knn(k=5),gen)", "mean(knn(k=10),gen)"));
}

TEST(Grid, RefusesWhatIsNoDetector) {
  const auto refusal = [](const char* spec) { return io::error_of([&] { grid_of(spec); }); };
  EXPECT_THAT(refusal("knm"), HasSubstr("Did you mean 'knn'?"));
  EXPECT_THAT(refusal("react"), HasSubstr("react+energy"));
  EXPECT_THAT(refusal("knn(kk=[1,2])"), HasSubstr("unknown parameter 'kk'"));
  EXPECT_THAT(refusal("knn(k=[0,-1])"), HasSubstr("k"));
}

// A usual value that no combination allows would never be tried, and nobody would know.
TEST(Grid, TriesEveryUsualValue) {
  for (const DetectorInfo& info : catalogue()) {
    if (info.combinator || info.must_be_chosen) continue;
    const Grid grid = grid_of(info.shaper ? info.name + "+energy" : info.name);
    for (const auto& p : info.parameters) {
      if (p.info.sweep.size() < 2) continue;
      for (const std::string& value : p.info.sweep) {
        const std::string argument = p.info.name + "=" + value;
        EXPECT_TRUE(std::ranges::any_of(grid.settings,
                                        [&](const std::string& setting) {
                                          return setting.find(argument + ",") !=
                                                     std::string::npos ||
                                                 setting.find(argument + ")") != std::string::npos;
                                        }))
            << info.name << ": " << argument;
      }
    }
  }
}

}  // namespace
}  // namespace nescio::detectors
