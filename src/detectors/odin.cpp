// ODIN: the maximum softmax probability at a high temperature, for a picture that was moved
// towards the class that the network sees in it.
//   s(x) = log (1 - p) / p - log (C - 1),  p = max_c softmax(z(x') / T)_c     higher = more OOD
// The probe `odin` (extract/probes/odin.cpp) moves the picture and keeps z(x') [N, C], in the bank the
// array `odin(epsilon=...,T=...)`: the same T for the step and the score, as in the paper.
// At T = 1000 all probabilities are close to 1 / C and equal in most digits of a float. So what
// differs is computed by itself, with d = (z - max z) / T <= 0:
//   s = log1p(sum_c expm1(d_c) / (C - 1))
// which in turn loses its digits where p is close to 1; there the log-odds are taken as msp takes
// them. variant=openood gives -p for comparison with that toolkit. Cost O(C) a row.
#include <cmath>

#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Odin final : public Detector {
 public:
  double epsilon = 0.0014;
  double T = 1000;
  std::string variant = "paper";

  Needs needs() const override { return {.arrays = {array()}}; }

  Expr score(const Inputs& in) const override {
    const Expr z = in.array(array()) / T;
    if (z.width() < 2) fail("odin: expected at least 2 classes, found ", z.width());
    if (variant == "openood") return -row_max(softmax(z));
    const auto others = static_cast<double>(z.width() - 1);
    const Expr excess = row_sum(expm1(z - row_max(z))) / others;  // in (-1, 0]
    return where(excess > -0.5, log1p(max(excess, -0.5)), log_odds(z) - std::log(others));
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
      .parameters = {parameter(&Odin::epsilon, {.name = "epsilon",
                                                .doc = "length of the probe's step",
                                                .unit = "[0, 1] pixels",
                                                .min = 0,
                                                .max = 1,
                                                .sweep = {"0", "0.0014", "0.0028"}}),
                     parameter(&Odin::T, {.name = "T",
                                          .doc = "temperature, of the probe's loss and the score",
                                          .min = 0,
                                          .min_excluded = true,
                                          .sweep = {"1", "10", "100", "1000"}}),
                     parameter(&Odin::variant, {.name = "variant",
                                                .doc = "openood: -p itself",
                                                .choices = {"paper", "openood"}})},
      .deviations = {"log-odds instead of -p: same order, no ties from rounding",
                     "pytorch-ood 0.2 leaves T out of the score; its step follows another loss"},
  });
}

}  // namespace nescio::detectors
