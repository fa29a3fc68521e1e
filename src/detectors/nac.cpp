// NAC-UE: how many neurons of a layer are in states that training pictures hardly reach.
//   s(x) = 1 - mean_i cover_i(s_i(x)),  s_i = sigmoid(alpha a_i dKL/da_i)      higher = more OOD
// The probe `nac` (extract/probes/nac.cpp) keeps it [N, 1], in the bank the array `nac(at=...,...)`. Several layers:
// mean(nac(at=layer2),nac(at=layer3)), each with alpha, bins and full of its own.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Nac final : public Detector {
 public:
  std::string at = "last", variant = "paper";
  double alpha = 100, full = 0.05;
  std::int64_t bins = 50;

  Needs needs() const override { return {.arrays = {array()}}; }
  Expr score(const Inputs& in) const override { return column(in.array(array()), 0); }

 private:
  /// What the probe with these parameters adds.
  std::string array() const {
    return text("nac(at=", at, ",alpha=", format_number(alpha), ",bins=", bins,
                ",full=", format_number(full), ",variant=", variant, ")");
  }
};

}  // namespace

DetectorInfo nac() {
  return describe<Nac>({
      .name = "nac",
      .summary = "Share of a layer's neurons in states that training pictures hardly reach.",
      .formula = "s(x) = 1 - mean_i cover_i(s_i),  s_i = sigmoid(alpha a_i dKL(1/C || p)/da_i),  "
                 "cover_i = min(1, share of training pictures in the bin of s_i / full)",
      .paper = {"Liu, Tian, Li, Ma, Wang",
                "Neuron Activation Coverage: Rethinking Out-of-distribution Detection and "
                "Generalization",
                "ICLR 2024", "2306.02879"},
      .needs = Nac().needs(),
      .cost = "none: the score is in the bank; the probe's way through the layers behind the "
              "place, forward and back, is what it costs",
      .parameters = {parameter(&Nac::at,
                               {.name = "at",
                                .doc = "of the probe: the place, as the network calls it; last: in "
                                       "front of its last layers"}),
                     parameter(&Nac::alpha, {.name = "alpha",
                                             .doc = "of the probe: steepness of the sigmoid",
                                             .min = 0,
                                             .min_excluded = true,
                                             .sweep = {"10", "100", "1000"}}),
                     parameter(&Nac::bins, {.name = "bins",
                                            .doc = "of the probe: bins of [0, 1]",
                                            .min = 4,
                                            .max = 10000,
                                            .sweep = {"50", "500"}}),
                     parameter(&Nac::full,
                               {.name = "full",
                                .doc = "of the probe: share of the training pictures from which a "
                                       "bin is covered; the authors' O over the number of their "
                                       "pictures",
                                .min = 0,
                                .max = 1,
                                .min_excluded = true,
                                .sweep = {"0.01", "0.05"}}),
                     parameter(&Nac::variant,
                               {.name = "variant",
                                .doc = "of the probe: authors takes their bins, narrow about "
                                       "1/2",
                                .choices = {"paper", "authors"}})},
      .aliases = {"nac_ue"},
      .deviations =
          {"the authors' code adds up a neuron's values over the pixels, where this takes "
           "their mean: its alpha is this one divided by the number of pixels",
           "several layers are a mean on the scale of each (detector mean); the authors "
           "take the plain mean of their coverages"},
      .weak_on_toy_data = "the array is a logit there, not a share of neurons",
  });
}

}  // namespace nescio::detectors
