// CutMix: a rectangle of another picture of the batch, and labels in the shares of the area.
//   lambda ~ Beta(alpha, alpha), one for the batch, then what is left of the area; x', y' are x, y
//   in another order,
//   z = f(x with a rectangle of x'),   targets lambda e_y + (1 - lambda) e_y' for the loss
// and CE(f(x), y) in the steps that do not mix. Accuracy is not logged: a mixed picture has no one
// right class.
#include "train/method.h"
#include "train/mixing.h"

namespace nescio::train {
namespace {

class CutMix final : public TrainingMethod {
 public:
  double alpha = 1;
  double p = 0.5;

  Draws draw(const StepFacts& facts) override {
    const bool mix = torch::rand({}).item<double>() < p;
    const torch::Tensor wanted = draw_beta(mix ? alpha : 0, alpha, 1).squeeze(0);
    const torch::Tensor order = torch::randperm(facts.rows.images);
    const torch::Tensor boxes = draw_boxes(wanted, facts.height, facts.width);
    return {{"lambda", {share_left(boxes, facts.height, facts.width)}},
            {"boxes", {boxes}},
            {"order", {order, Rows::images}}};
  }

  void prepare(TrainingStep& step) const override {
    mix_within(step, step.drawn("cutmix", "order"), step.drawn("cutmix", "lambda"),
               step.drawn("cutmix", "boxes"));
  }
};

}  // namespace

namespace methods {
MethodInfo cutmix() {
  return describe_method<CutMix>(
      {.name = "cutmix",
       .role = MethodRole::change,
       .repeats = true,
       .summary =
           "CutMix: pictures with a rectangle of another, and labels mixed as the areas are.",
       .formula = "H(lambda e_y + (1 - lambda) e_y', z), z = f(x with a rectangle of x'), "
                  "lambda: the share of the area that is left of x; x', y': the batch in another "
                  "order",
       .paper = "Yun, Han, Oh, Chun, Choe, Yoo, CutMix: Regularization Strategy to Train Strong "
                "Classifiers with Localizable Features, ICCV 2019, arXiv:1905.04899",
       .needs = {.mixes = true},
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
