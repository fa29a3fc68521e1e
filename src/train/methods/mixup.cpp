// mixup: pictures of a batch are mixed with one another, and their labels in the same shares.
//   lambda ~ Beta(alpha, alpha), one for the batch; x', y' are x, y in another order,
//   z = f(lambda x + (1 - lambda) x'),   loss = lambda CE(z, y) + (1 - lambda) CE(z, y')
// Accuracy is not logged: a mixed picture has no one right class.
#include "train/losses.h"
#include "train/method.h"
#include "train/mixing.h"

namespace nescio::train {
namespace {

class Mixup final : public TrainingMethod {
 public:
  double alpha = 1;

  torch::Tensor loss(TrainingStep& step) override {
    const torch::Tensor lambda = draw_beta(alpha, alpha, 1).squeeze(0);
    const torch::Tensor other = torch::randperm(step.labels.size(0)).to(step.labels.device());
    const Mixed mixed = mixup(step.images, step.images.index_select(0, other), lambda);
    const torch::Tensor logits = step.forward(mixed.images).logits;
    const auto share = step.term("lambda", mixed.lambda).item<double>();
    return share * cross_entropy(logits, step.labels) +
           (1 - share) * cross_entropy(logits, step.labels.index_select(0, other));
  }
};

}  // namespace

namespace methods {
MethodInfo mixup() {
  return describe_method<Mixup>(
      {.name = "mixup",
       .summary = "mixup: cross-entropy of pictures mixed with one another to labels mixed alike.",
       .formula = "lambda CE(z, y) + (1 - lambda) CE(z, y'), z = f(lambda x + (1 - lambda) x'), "
                  "lambda ~ Beta(alpha, alpha), one for the batch; x', y': the batch in another "
                  "order",
       .paper = "Zhang, Cisse, Dauphin, Lopez-Paz, mixup: Beyond Empirical Risk Minimization, ICLR "
                "2018, arXiv:1710.09412",
       .parameters = {method_parameter(
           &Mixup::alpha, {.name = "alpha",
                           .doc = "of the Beta distribution; the authors take 1 for CIFAR, 0.2 "
                                  "for ImageNet; 0: nothing is mixed",
                           .min = 0,
                           .max = 1e6})}});
}
}  // namespace methods
}  // namespace nescio::train
