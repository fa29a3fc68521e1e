// LogitNorm: cross-entropy of logits of one length, so that confidence cannot grow by their norm.
//   loss = CE(z / (T (|z|_2 + 1e-7)), y)
// The 1e-7 is that of the authors' code; the paper divides by T |z|_2.
#include "train/method.h"

namespace nescio::train {
namespace {

class LogitNorm final : public TrainingMethod {
 public:
  double T = 0.04;

  torch::Tensor loss(TrainingStep& step) override {
    const torch::Tensor norm = step.logits.norm(2, 1, /*keepdim=*/true) + 1e-7;
    return step.cross_entropy(step.logits / (T * norm));
  }
};

}  // namespace

namespace methods {
MethodInfo logit_norm() {
  return describe_method<LogitNorm>(
      {.name = "logit_norm",
       .repeats = true,
       .summary = "LogitNorm: cross-entropy of logits that are divided by their norm. Score with "
                  "msp.",
       .formula = "CE(z / (T (|z|_2 + 1e-7)), y), z = f(x)",
       .paper = "Wei, Xie, Cheng, Feng, An, Li, Mitigating Neural Network Overconfidence with "
                "Logit Normalization, ICML 2022, arXiv:2205.09310",
       .needs = {.weighs = true},
       .parameters = {method_parameter(
           &LogitNorm::T,
           {.name = "T",
            .doc = "temperature; 0.04 in OpenOOD, 0.01 in the authors' command for CIFAR-10",
            .min = 0,
            .max = 1e6,
            .min_excluded = true})}});
}
}  // namespace methods
}  // namespace nescio::train
