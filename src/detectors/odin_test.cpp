#include <gmock/gmock.h>

#include "base/error.h"
#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(Odin, IsTheLogOddsOfTheArrayOfItsProbe) {
  const ToyBank bank;
  const auto rows = ToyBank::probed(bank.test_logits);
  for (const double T : {0.1, 1.0, 10.0, 1000.0}) {
    expect_formula(bank, text("odin(T=", T, ")"), [&](std::size_t r) {
      auto z = rows[r];
      std::ranges::sort(z);
      double rest = 0;
      for (std::size_t c = 0; c + 1 < z.size(); ++c) rest += std::exp((z[c] - z.back()) / T);
      return std::log(rest / (ToyBank::classes - 1));
    });
  }
  for (const double T : {1.0, 10.0}) {
    expect_formula(bank, text("odin(T=", T, ",variant=openood)"),
                   [&](std::size_t r) { return -max_probability(rows[r], T); });
  }
}

TEST(Odin, TellsRowsApartThatFloatProbabilitiesDoNot) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::test_rows; ++r) {
    bank.test_logits[r] = {1 + 1e-5 * static_cast<double>(r), 0, 0, 0, 0};
  }
  const auto scores = bank.scores("odin");
  for (std::size_t r = 1; r < scores.size(); ++r) EXPECT_LT(scores[r], scores[r - 1]);
  const auto rounded = bank.scores("odin(variant=openood)");
  EXPECT_EQ(rounded[0], rounded[1]);
}

TEST(Odin, NeedsTheProbeThatItsParametersMean) {
  const auto array = [](const char* spec) { return Chain(spec).needs().arrays; };
  EXPECT_THAT(array("odin"), testing::ElementsAre("odin(epsilon=0.0014,T=1000)"));
  EXPECT_THAT(array("odin(T=1)"), testing::ElementsAre("odin(epsilon=0.0014,T=1)"));
  EXPECT_THAT(array("odin(epsilon=0.002,variant=openood)"),
              testing::ElementsAre("odin(epsilon=0.002,T=1000)"));
}

TEST(Odin, SaysWhichProbeItNeeds) {
  const Inputs in = make_inputs(5, 0, std::nullopt);
  try {
    Chain("odin").score(in);
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr(
                              "[odin] the array 'odin(epsilon=0.0014,T=1000)' is missing; extract "
                              "it with 'probes=odin(epsilon=0.0014,T=1000)'"));
  }
}

}  // namespace
}  // namespace nescio::detectors
