// Entropy of the softmax.
//   s(x) = -sum_c p_c log p_c,  p = softmax(z / T)                         higher = more OOD
//        = log(1 + r) + sum_c p_c (max z - z_c) / T,  r = sum_{c != argmax} exp((z_c - max z) / T)
// All terms of the second form are >= 0, so nothing cancels where the network is sure.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Entropy final : public Detector {
 public:
  double T = 1;

  Expr score(const Inputs& in) const override {
    if (in.logits.width() < 2) {
      fail("entropy: expected at least 2 classes, found ", in.logits.width());
    }
    const Expr z = in.logits / T;
    const Expr largest = row_max(z);
    return log1p(exp(logsumexp_rest(z) - largest)) + row_sum(softmax(z) * (largest - z));
  }
};

}  // namespace

DetectorInfo entropy() {
  return describe<Entropy>({
      .name = "entropy",
      .summary = "Entropy of the softmax, in nats.",
      .formula = "s(x) = -sum_c p_c log p_c,  p = softmax(z / T)",
      .paper = {"Chan, Rottmann, Gottschalk",
                "Entropy Maximization and Meta Classification for Out-of-Distribution Detection in "
                "Semantic Segmentation",
                "ICCV 2021", "2012.06575"},
      .needs = {.logits = true},
      .cost = "O(C) a row",
      .parameters = {parameter(
          &Entropy::T, {.name = "T", .doc = "temperature", .min = 0, .min_excluded = true})},
      .deviations = {"pytorch-ood 0.2 gives NaN where a probability underflows, 0.4 clips them at "
                     "1e-7, which ties; here neither"},
  });
}

}  // namespace nescio::detectors
