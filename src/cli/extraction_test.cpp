#include "cli/extraction.h"

#include <gmock/gmock.h>

#include "detectors/chain.h"
#include "extract/probe.h"

namespace nescio::cli {
namespace {

/// Every detector with its defaults, and with each value that a sweep gives one of its parameters.
std::vector<std::unique_ptr<detectors::Stage>> all_settings() {
  std::vector<std::unique_ptr<detectors::Stage>> all;
  for (const detectors::DetectorInfo& info : detectors::catalogue()) {
    all.push_back(info.make());
    for (const auto& p : info.parameters) {
      for (const auto* values : {&p.info.sweep, &p.info.choices}) {
        for (const std::string& value : *values) {
          all.push_back(info.make());
          p.set(*all.back(), value);
        }
      }
    }
  }
  return all;
}

TEST(Extraction, EveryArrayThatADetectorNeedsIsThatOfAProbe) {
  std::size_t arrays = 0;
  for (const auto& stage : all_settings()) {
    for (const std::string& array : stage->needs().arrays) {
      EXPECT_EQ(extract::make_probes({array})[0].name, array);
      ++arrays;
    }
  }
  EXPECT_GT(arrays, 20u);
}

TEST(Extraction, EveryProbeSaysWhatItCosts) {
  for (const extract::ProbeInfo& probe : extract::probes::catalogue()) {
    EXPECT_FALSE(probe.cost.empty()) << probe.name;
    EXPECT_FALSE(probe.formula.empty()) << probe.name;
    EXPECT_FALSE(probe.array.empty()) << probe.name;
  }
}

TEST(Extraction, ASweepNeedsTheProbesOfAllItsSettings) {
  EXPECT_THAT(
      needed_probes("odin(epsilon=[0,0.0014],T=[1,1000]),energy"),
      testing::UnorderedElementsAre("odin(epsilon=0,T=1)", "odin(epsilon=0,T=1000)",
                                    "odin(epsilon=0.0014,T=1)", "odin(epsilon=0.0014,T=1000)"));
  // Training rows are fitted on, not scored: ODIN learns nothing from them.
  EXPECT_TRUE(needed_probes("odin(T=[1,1000]),energy", true, "train").empty());
  EXPECT_THAT(needed_probes("odin,on(layer2)+knn,mean(odin(T=1),knn)", false, "train"),
              testing::UnorderedElementsAre("tap(at=layer2)", "odin(epsilon=0.0014,T=1)"));
  // Settings that the array does not depend on need it once.
  EXPECT_EQ(needed_probes("adascale(p_min=[0.6,0.7],p_max=[0.85,0.9])+energy").size(), 1u);
}

}  // namespace
}  // namespace nescio::cli
