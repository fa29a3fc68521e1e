// Maximum softmax probability, as log-odds.
//   s(x) = log (1 - p) / p,  p = max_c softmax(z / T)_c                    higher = more OOD
//        = log sum_{c != argmax} exp(z_c / T) - max_c z_c / T
// The same order as -p, but float32 probabilities saturate at 1 and then tie: on the features of a
// CIFAR-10 network more than a quarter of them do. variant=openood gives -p for comparison with
// that toolkit.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Msp final : public Detector {
 public:
  double T = 1;
  std::string variant = "paper";

  Expr score(const Inputs& in) const override {
    if (in.logits.width() < 2) fail("msp: expected at least 2 classes, found ", in.logits.width());
    const Expr z = in.logits / T;
    if (variant == "openood") return -row_max(softmax(z));
    return log_odds(z);
  }
};

}  // namespace

DetectorInfo msp() {
  return describe<Msp>({
      .name = "msp",
      .summary = "Maximum softmax probability, as the log-odds against the predicted class.",
      .formula = "s(x) = log (1 - p) / p,  p = max_c softmax(z / T)_c",
      .paper = {"Hendrycks, Gimpel",
                "A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural "
                "Networks",
                "ICLR 2017", "1610.02136"},
      .needs = {.logits = true},
      .cost = "O(C) a row: bound by exp",
      .parameters = {parameter(&Msp::T, {.name = "T",
                                         .doc = "temperature",
                                         .min = 0,
                                         .min_excluded = true,
                                         .sweep = {"1", "10", "100", "1000"}}),
                     parameter(&Msp::variant, {.name = "variant",
                                               .doc = "openood: -p itself",
                                               .choices = {"paper", "openood"}})},
      .aliases = {"max_softmax", "maxsoftmax"},
      .deviations = {"log-odds instead of -p: same order, no ties from saturation"},
  });
}

}  // namespace nescio::detectors
