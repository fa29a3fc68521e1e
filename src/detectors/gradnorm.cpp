// GradNorm: L1 norm of the last layer's gradient towards the uniform distribution, in closed form.
//   s(x) = -|C p - 1|_1 |h|_1 / T,  p = softmax(z / T)                      higher = more OOD
// The gradient of sum_c -log softmax(z / T)_c by W is (C p - 1) h^T / T, whose L1 norm is the product
// of both.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class GradNorm final : public Detector {
 public:
  double T = 1;

  Expr score(const Inputs& in) const override {
    if (in.logits.width() < 2) {
      fail("gradnorm: expected at least 2 classes, found ", in.logits.width());
    }
    const auto classes = static_cast<double>(in.logits.width());
    const Expr gradient = classes * softmax(in.logits / T) - 1.0;
    return -l1_norm(gradient) * l1_norm(in.features) / T;
  }
};

}  // namespace

DetectorInfo gradnorm() {
  return describe<GradNorm>({
      .name = "gradnorm",
      .summary = "L1 norm of the last layer's gradient towards the uniform distribution.",
      .formula = "s(x) = -|C p - 1|_1 |h|_1 / T,  p = softmax(z / T)",
      .paper = {"Huang, Geng, Li",
                "On the Importance of Gradients for Detecting Distributional Shifts in the Wild",
                "NeurIPS 2021", "2110.00218"},
      .needs = {.logits = true, .features = true},
      .cost = "O(C + D) a row: no pass back through the network",
      .parameters = {parameter(
          &GradNorm::T,
          {.name = "T", .doc = "temperature; the paper takes 1", .min = 0, .min_excluded = true})},
      .deviations = {"the factor C is OpenOOD's, whose targets are ones; pytorch-ood has the mean "
                     "over classes, and by default the gradient of all layers"},
      .weak_on_toy_data = "it falls with the size of the features, which says little there",
  });
}

}  // namespace nescio::detectors
