// CutMix: a rectangle of another picture of the batch, and labels in the shares of the area.
//   lambda ~ Beta(alpha, alpha), one for the batch, then what is left of the area; x', y' are x, y
//   in another order,
//   z = f(x with a rectangle of x'),   loss = lambda CE(z, y) + (1 - lambda) CE(z, y')
// and CE(f(x), y) in the steps that do not mix. Accuracy is not logged: a mixed picture has no one
// right class.
#include "train/losses.h"
#include "train/method.h"
#include "train/mixing.h"

namespace nescio::train {
namespace {

class CutMix final : public TrainingMethod {
 public:
  double alpha = 1;
  double p = 0.5;

  torch::Tensor loss(TrainingStep& step) override {
    const bool mix = torch::rand({}).item<double>() < p;
    const torch::Tensor lambda = draw_beta(mix ? alpha : 0, alpha, 1).squeeze(0);
    const torch::Tensor other = torch::randperm(step.labels.size(0)).to(step.labels.device());
    const Mixed mixed = cutmix(step.images, step.images.index_select(0, other), lambda);
    const torch::Tensor logits = step.forward(mixed.images).logits;
    const auto share = step.term("lambda", mixed.lambda).item<double>();
    return share * cross_entropy(logits, step.labels) +
           (1 - share) * cross_entropy(logits, step.labels.index_select(0, other));
  }
};

}  // namespace

namespace methods {
MethodInfo cutmix() {
  return describe_method<CutMix>(
      {.name = "cutmix",
       .summary = "CutMix: cross-entropy of pictures with a rectangle of another to labels mixed "
                  "as the areas are.",
       .formula = "lambda CE(z, y) + (1 - lambda) CE(z, y'), z = f(x with a rectangle of x'), "
                  "lambda: the share of the area that is left of x; x', y': the batch in another "
                  "order",
       .paper = "Yun, Han, Oh, Chun, Choe, Yoo, CutMix: Regularization Strategy to Train Strong "
                "Classifiers with Localizable Features, ICCV 2019, arXiv:1905.04899",
       .parameters = {
           method_parameter(&CutMix::alpha,
                            {.name = "alpha",
                             .doc = "of the Beta distribution that the area is drawn from; the "
                                    "authors take 1; 0: nothing is mixed",
                             .min = 0,
                             .max = 1e6},
                            {"p above 0", [](const CutMix& m) { return m.p > 0; }}),
           method_parameter(&CutMix::p, {.name = "p",
                                         .doc = "share of the steps that mix; the authors take "
                                                "0.5 for CIFAR, 1 for ImageNet",
                                         .min = 0,
                                         .max = 1})}});
}
}  // namespace methods
}  // namespace nescio::train
