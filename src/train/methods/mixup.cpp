// mixup: pictures of a batch are mixed with one another, and their labels in the same shares.
//   lambda ~ Beta(alpha, alpha), one for the batch; x', y' are x, y in another order,
//   z = f(lambda x + (1 - lambda) x'),   targets lambda e_y + (1 - lambda) e_y' for the loss
// Accuracy is not logged: a mixed picture has no one right class.
#include "train/method.h"
#include "train/mixing.h"

namespace nescio::train {
namespace {

class Mixup final : public TrainingMethod {
 public:
  double alpha = 1;

  Draws draw(const StepFacts& facts) override {
    const torch::Tensor lambda = draw_beta(alpha, alpha, 1).squeeze(0);
    return {{"lambda", {lambda}}, {"order", {torch::randperm(facts.rows.images), Rows::images}}};
  }

  void prepare(TrainingStep& step) const override {
    mix_within(step, step.drawn("mixup", "order"), step.drawn("mixup", "lambda"), {});
  }
};

}  // namespace

namespace methods {
MethodInfo mixup() {
  return describe_method<Mixup>(
      {.name = "mixup",
       .role = MethodRole::change,
       .repeats = true,
       .summary = "mixup: pictures mixed with one another, and their labels mixed alike.",
       .formula = "H(lambda e_y + (1 - lambda) e_y', z), z = f(lambda x + (1 - lambda) x'), "
                  "lambda ~ Beta(alpha, alpha), one for the batch; x', y': the batch in another "
                  "order",
       .paper = "Zhang, Cisse, Dauphin, Lopez-Paz, mixup: Beyond Empirical Risk Minimization, ICLR "
                "2018, arXiv:1710.09412",
       .needs = {.mixes = true},
       .parameters = {method_parameter(
           &Mixup::alpha, {.name = "alpha",
                           .doc = "of the Beta distribution; the authors take 1 for CIFAR, 0.2 "
                                  "for ImageNet; 0: nothing is mixed",
                           .min = 0,
                           .max = 1e6})}});
}
}  // namespace methods
}  // namespace nescio::train
