// NCI: how near the feature lies to the weight vector of its class, as neural collapse has it.
//   s(x) = -(w_y . (h - mu) / |h - mu| + alpha |h|_1),  y = argmax_c z_c     higher = more OOD
// mu: mean of the training features.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Nci final : public Detector {
 public:
  double alpha = 1e-4;
  Matrix mean;

  void fit(const Inputs& in, const FitData& data) override {
    mean = data.of(fit_on).mean(in.features);
  }

  Expr score(const Inputs& in) const override {
    const Expr weight = take_row(in.head->weight, in.seen());
    const Expr proximity = row_sum(weight * unit_rows(in.features - mean));
    return -(proximity + alpha * l1_norm(in.features));
  }
};

}  // namespace

DetectorInfo nci() {
  return describe<Nci>({
      .name = "nci",
      .summary = "Proximity of the centred feature to the weight vector of the class that the "
                 "network sees, and the length of the feature.",
      .formula = "s(x) = -(w_y . (h - mu) / |h - mu| + alpha |h|_1),  y = argmax_c z_c",
      .paper = {"Liu, Qin", "Detecting Out-of-Distribution Through the Lens of Neural Collapse",
                "CVPR 2025", "2311.01479"},
      .needs = {.logits = true, .features = true, .head = true},
      .cost = "O(C + D) a row",
      .fit_on = "train",
      .parameters = {parameter(&Nci::alpha, {.name = "alpha",
                                             .doc = "weight of |h|_1, which grows with D and the "
                                                    "scale of the features; pytorch-ood takes 0",
                                             .min = 0,
                                             .sweep = {"1e-04", "0.001", "0.01", "0.1"}})},
      .learned = {learned(&Nci::mean, "mean", "mu [1, D]")},
      .deviations = {"a feature at the mean has no direction: its proximity is 0, where OpenOOD "
                     "divides by zero",
                     "the class is that of the network's own logits"},
  });
}

}  // namespace nescio::detectors
