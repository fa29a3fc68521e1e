#include <gmock/gmock.h>

#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(Nac, IsTheArrayOfItsProbe) {
  const ToyBank bank;
  const auto rows = ToyBank::probed(bank.test_logits);
  expect_formula(bank, "nac", [&](std::size_t r) { return rows[r][0]; });
}

TEST(Nac, NeedsTheProbesThatItsParametersMean) {
  EXPECT_THAT(Chain("nac(at=layer2,alpha=0.001)").needs().arrays,
              testing::ElementsAre("nac(at=layer2,alpha=0.001,bins=50,full=0.05,variant=paper)"));
  EXPECT_THAT(
      Chain("mean(nac(at=layer2),nac(bins=500,variant=authors))").needs().arrays,
      testing::UnorderedElementsAre("nac(at=layer2,alpha=100,bins=50,full=0.05,variant=paper)",
                                    "nac(at=last,alpha=100,bins=500,full=0.05,variant=authors)"));
}

}  // namespace
}  // namespace nescio::detectors
