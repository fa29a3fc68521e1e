// Energy score: the free energy of the logits.
//   s(x) = -T log sum_c exp(z_c / T)                                       higher = more OOD
// The maximum is taken out, so logits of any size are safe.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Energy final : public Detector {
 public:
  double T = 1;

  Expr score(const Inputs& in) const override { return -T * logsumexp(in.logits / T); }
};

}  // namespace

DetectorInfo energy() {
  return describe<Energy>({
      .name = "energy",
      .summary = "Free energy of the logits.",
      .formula = "s(x) = -T log sum_c exp(z_c / T)",
      .paper = {"Liu, Wang, Owens, Li", "Energy-based Out-of-distribution Detection",
                "NeurIPS 2020", "2010.03759"},
      .needs = {.logits = true},
      .cost = "O(C) a row",
      .parameters = {parameter(
          &Energy::T,
          {.name = "T", .doc = "temperature", .min = 0, .min_excluded = true, .sweep = {"1"}})},
      .aliases = {"ebo", "energy_based"},
  });
}

}  // namespace nescio::detectors
