// Monte Carlo dropout: what several passes with dropout agree on.
//   score=msp:      s(x) = log (1 - p) / p,  p = max_c mean_t softmax(z_t)_c       higher = more OOD
//   score=variance: s(x) = mean over classes of the variance of softmax(z_t)_c over t
// The probe `mc_dropout` (extract/probes/mc_dropout.cpp) keeps log mean_t softmax(z_t) [N, C] or the variance [N, 1],
// in the bank the array `mc_dropout(passes=...,seed=...,keep=...)`.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class McDropout final : public Detector {
 public:
  std::int64_t passes = 30, seed = 0;
  std::string score_of = "msp";

  Needs needs() const override { return {.arrays = {array()}}; }

  Expr score(const Inputs& in) const override {
    const Expr kept = in.array(array());
    return score_of == "variance" ? column(kept, 0) : log_odds(kept);
  }

 private:
  /// What the probe with these parameters adds.
  std::string array() const {
    return text("mc_dropout(passes=", passes, ",seed=", seed,
                ",keep=", score_of == "variance" ? "variance" : "mean", ")");
  }
};

}  // namespace

DetectorInfo mc_dropout() {
  return describe<McDropout>({
      .name = "mc_dropout",
      .summary =
          "Maximum of the mean probabilities of several passes with dropout, or how much they "
          "vary.",
      .formula =
          "s(x) = log (1 - p) / p,  p = max_c mean_t softmax(z_t)_c,  z_t = the logits of pass "
          "t with dropout",
      .paper = {"Gal, Ghahramani",
                "Dropout as a Bayesian Approximation: Representing Model Uncertainty in Deep "
                "Learning",
                "ICML 2016", "1506.02142"},
      .needs = McDropout().needs(),
      .cost = "O(C) a row; the probe's passes with dropout are what it costs",
      .parameters = {parameter(&McDropout::passes,
                               {.name = "passes",
                                .doc = "of the probe: how many; OpenOOD takes 5",
                                .min = 1,
                                .max = 10000,
                                .sweep = {"5", "30"}}),
                     parameter(
                         &McDropout::seed,
                         {.name = "seed", .doc = "of the probe: of what is dropped", .min = 0}),
                     parameter(&McDropout::score_of,
                               {.name = "score",
                                .doc = "msp: of the mean probabilities the largest; variance: how "
                                       "much they vary, pytorch-ood's default",
                                .choices = {"msp", "variance"}})},
      .aliases = {"dropout", "mcd"},
      .deviations = {"the mean is that of probabilities, as in the paper and pytorch-ood; OpenOOD "
                     "takes the mean of the logits",
                     "log-odds instead of -p: same order, no ties from rounding"},
  });
}

}  // namespace nescio::detectors
