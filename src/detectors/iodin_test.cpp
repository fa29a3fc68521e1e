#include <gmock/gmock.h>

#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(Iodin, IsTheLogOddsOfTheArrayOfItsProbe) {
  const ToyBank bank;
  const auto rows = ToyBank::probed(bank.test_logits);
  for (const double T : {1.0, 1000.0}) {
    expect_formula(bank, text("iodin(T=", T, ")"), [&](std::size_t r) {
      auto z = rows[r];
      std::ranges::sort(z);
      double rest = 0;
      for (std::size_t c = 0; c + 1 < z.size(); ++c) rest += std::exp((z[c] - z.back()) / T);
      return std::log(rest / (ToyBank::classes - 1));
    });
  }
}

TEST(Iodin, NeedsTheProbeThatItsParametersMean) {
  EXPECT_THAT(Chain("iodin(epsilon=0.002,variant=openood)").needs().arrays,
              testing::ElementsAre("iodin(epsilon=0.002,T=1000)"));
}

}  // namespace
}  // namespace nescio::detectors
