// Cross-entropy of the softmax, with smoothed labels if asked.
//   loss = mean_b [ (1 - s) CE(z_b, y_b) + s / C sum_c CE(z_b, c) ],   CE(z, c) = logsumexp(z) - z_c
#include "train/method.h"

namespace nescio::train {
namespace {

class CrossEntropy final : public TrainingMethod {
 public:
  double label_smoothing = 0;

  torch::Tensor loss(TrainingStep& step) override {
    return step.cross_entropy(step.logits, label_smoothing);
  }
};

}  // namespace

namespace methods {
MethodInfo cross_entropy() {
  return describe_method<CrossEntropy>(
      {.name = "cross_entropy",
       .repeats = true,
       .summary = "Cross-entropy between the softmax of the logits and the labels.",
       .formula = "mean_b [(1 - s) CE(z_b, y_b) + s/C sum_c CE(z_b, c)], "
                  "CE(z, c) = logsumexp(z) - z_c",
       .paper = "Smoothing: Szegedy et al., Rethinking the Inception Architecture for Computer "
                "Vision, CVPR 2016, arXiv:1512.00567",
       .needs = {.weighs = true},
       .parameters = {
           method_parameter(&CrossEntropy::label_smoothing,
                            {.name = "label_smoothing",
                             .doc = "s, the share of the target that is spread over all classes",
                             .min = 0,
                             .max = 1,
                             .max_excluded = true})}});
}
}  // namespace methods
}  // namespace nescio::train
