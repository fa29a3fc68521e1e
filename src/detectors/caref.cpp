// CARef: how far the feature is from the mean of its class, against its own size.
//   s(x) = |h - mu_y|_1 / |h|_1,  y = argmax_c z_c                         higher = more OOD
// mu_c: mean feature of the training rows in which the network sees class c.
#include "detectors/seen_means.h"

namespace nescio::detectors {
namespace {

class CaRef final : public Detector {
 public:
  Matrix means;

  void fit(const Inputs& in, const FitData& data) override {
    means = seen_means(in, data.of(fit_on), notices);
  }

  Expr score(const Inputs& in) const override {
    const Expr error = l1_norm(in.features - take_row(means, in.seen()));
    return error / max(l1_norm(in.features), shortest_row);
  }
};

}  // namespace

DetectorInfo caref() {
  return describe<CaRef>({
      .name = "caref",
      .summary = "Distance of the feature to the mean of the class that the network sees, relative "
                 "to its own size.",
      .formula = "s(x) = |h - mu_y|_1 / |h|_1,  y = argmax_c z_c",
      .paper = {"Ling, Chang, Zhao, Zhao, Chow, Deng",
                "CADRef: Robust Out-of-Distribution Detection via Class-Aware Decoupled Relative "
                "Feature Leveraging",
                "CVPR 2025", "2503.00325"},
      .needs = {.logits = true, .features = true},
      .cost = "O(C + D) a row",
      .fit_on = "train",
      .learned = {learned(&CaRef::means, "means", "mu [C, D]")},
      .deviations = {"a class that the network sees in no training row takes the mean of all, as "
                     "in pytorch-ood, where the authors' code gives NaN",
                     "a zero feature gives a large finite score"},
  });
}

}  // namespace nescio::detectors
