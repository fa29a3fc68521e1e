// i-ODIN: ODIN's score for a picture of which the most decisive value alone was moved.
//   s(x) = log (1 - p) / p - log (C - 1),  p = max_c softmax(z(x') / T)_c     higher = more OOD
// The probe `iodin` (extract/probes/iodin.cpp) moves the picture and keeps z(x') [N, C], in the bank the array
// `iodin(epsilon=...,T=...)`. Form of the score: step_odds.h.
#include "detectors/step_odds.h"

namespace nescio::detectors {
namespace {

class Iodin final : public Detector {
 public:
  double epsilon = 0.0014;
  double T = 1000;
  std::string variant = "paper";

  Needs needs() const override { return {.arrays = {array()}}; }
  Expr score(const Inputs& in) const override {
    return step_odds("iodin", in.array(array()), T, variant);
  }

 private:
  /// What the probe with these parameters adds.
  std::string array() const {
    return text("iodin(epsilon=", format_number(epsilon), ",T=", format_number(T), ")");
  }
};

}  // namespace

DetectorInfo iodin() {
  return describe<Iodin>({
      .name = "iodin",
      .summary = "Maximum softmax probability at a high temperature, after a step of the picture's "
                 "most decisive value towards its class.",
      .formula = "s(x) = log (1 - p) / p - log (C - 1),  p = max_c softmax(z(x') / T)_c,  x'_i = "
                 "x_i + epsilon sign(d log p / dx_i),  i = argmax |d log p / dx|",
      .paper = {"Regmi", "Going Beyond Conventional OOD Detection", "2024", "2411.10794"},
      .needs = Iodin().needs(),
      .cost = "O(C) a row; the probe's passes, forward and back, are what it costs",
      .parameters = {parameter(&Iodin::epsilon, {.name = "epsilon",
                                                 .doc = "length of the probe's step",
                                                 .unit = "[0, 1] pixels",
                                                 .min = 0,
                                                 .max = 10,
                                                 .sweep = {"0", "0.0014", "0.0028"}}),
                     parameter(&Iodin::T, step_temperature()),
                     parameter(&Iodin::variant, step_variant())},
      .deviations = {"log-odds instead of -p: same order, no ties from rounding",
                     "of several values with the largest slope the first moves"},
  });
}

}  // namespace nescio::detectors
