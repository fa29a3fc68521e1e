// ODIN: the maximum softmax probability at a high temperature, for a picture that was moved
// towards the class that the network sees in it.
//   s(x) = log (1 - p) / p - log (C - 1),  p = max_c softmax(z(x') / T)_c     higher = more OOD
// The probe `odin` (extract/probes/odin.cpp) moves the picture and keeps z(x') [N, C], in the bank the
// array `odin(epsilon=...,T=...)`: the same T for the step and the score, as in the paper.
// How it keeps its digits at any T: step_odds.h, the score of iodin, too.
#include "detectors/step_odds.h"

namespace nescio::detectors {
namespace {

class Odin final : public Detector {
 public:
  double epsilon = 0.0014;
  double T = 1000;
  std::string variant = "paper";

  Needs needs() const override { return {.arrays = {array()}}; }

  Expr score(const Inputs& in) const override {
    return step_odds("odin", in.array(array()), T, variant);
  }

 private:
  /// What the probe with these parameters adds.
  std::string array() const {
    return text("odin(epsilon=", format_number(epsilon), ",T=", format_number(T), ")");
  }
};

}  // namespace

DetectorInfo odin() {
  return describe<Odin>({
      .name = "odin",
      .summary = "Maximum softmax probability at a high temperature, after a step of the picture "
                 "towards its class.",
      .formula = "s(x) = log (1 - p) / p - log (C - 1),  p = max_c softmax(z(x') / T)_c,  "
                 "x' = x + epsilon sign(d log p / dx)",
      .paper = {"Liang, Li, Srikant",
                "Enhancing The Reliability of Out-of-distribution Image Detection in Neural "
                "Networks",
                "ICLR 2018", "1706.02690"},
      .needs = Odin().needs(),
      .cost = "O(C) a row; the probe's passes, forward and back, are what it costs",
      .parameters = {parameter(&Odin::epsilon, {.name = "epsilon",
                                                .doc = "length of the probe's step",
                                                .unit = "[0, 1] pixels",
                                                .min = 0,
                                                .max = 1,
                                                .sweep = {"0", "0.0014", "0.0028"}}),
                     parameter(&Odin::T, step_temperature()),
                     parameter(&Odin::variant, step_variant())},
      .deviations = {"log-odds instead of -p: same order, no ties from rounding",
                     "pytorch-ood 0.2 leaves T out of the score; its step follows another loss"},
  });
}

}  // namespace nescio::detectors
