// MixOE: pictures mixed with outliers, and their labels with the uniform distribution.
//   lambda ~ Beta(alpha, alpha_outliers),  xm = lambda x + (1 - lambda) o,
//   q = lambda e_y + (1 - lambda) / C,     loss = CE(f(x), y) + w_mix H(q, f(xm))
#include "train/losses.h"
#include "train/method.h"
#include "train/mixing.h"

namespace nescio::train {
namespace {

class MixOe final : public TrainingMethod {
 public:
  std::string mix = "mixup";
  double alpha = 1;
  std::optional<double> alpha_outliers;
  double w_mix = 5;

  Draws draw(const StepFacts& facts) override {
    const torch::Tensor wanted = draw_beta(alpha, alpha_outliers.value_or(alpha), 1).squeeze(0);
    return draw_mixing(mix, wanted, facts);
  }

  void prepare(TrainingStep& step) const override {
    step.draws["mixoe.mixed"] = {mix_pairs(step, "mixoe"), Rows::pairs};
  }

  torch::Tensor loss(TrainingStep& step) override {
    const torch::Tensor lambda = step.drawn("mixoe", "lambda");
    // Of the labels, or of what a change has mixed them to.
    const torch::Tensor p = step.paired(step.probabilities()).to(step.logits.options());
    const torch::Tensor uniform = torch::full_like(p, 1 / static_cast<double>(p.size(1)));
    const torch::Tensor q = mixup(p, uniform, lambda);
    step.term("lambda", step.of_pairs(lambda));
    const torch::Tensor zm = step.forward(step.drawn("mixoe", "mixed")).logits;
    return step.term("mix", w_mix * step.of_pairs(soft_cross_entropy(q, zm)));
  }
};

}  // namespace

namespace methods {
MethodInfo mixoe() {
  return describe_method<MixOe>(
      {.name = "mixoe",
       .role = MethodRole::term,
       .repeats = true,
       .summary = "MixOE: pictures are mixed with outliers, their labels with the uniform "
                  "distribution. Score with msp.",
       .formula = "CE(f(x), y) + w_mix H(lambda e_y + (1 - lambda)/C, f(lambda x + (1 - lambda) "
                  "o)), lambda ~ Beta(alpha, alpha_outliers), one for the batch",
       .paper = "Zhang, Inkawhich, Linderman, Chen, Li, Mixture Outlier Exposure: Towards "
                "Out-of-Distribution Detection in Fine-grained Environments, WACV 2023, "
                "arXiv:2106.03917",
       .needs = {.outliers = true},
       .parameters = {
           method_parameter(&MixOe::mix,
                            {.name = "mix",
                             .doc = "mixup, or cutmix: a rectangle of the outlier in the picture",
                             .choices = {"mixup", "cutmix"}}),
           method_parameter(&MixOe::alpha,
                            {.name = "alpha",
                             .doc = "of the Beta distribution; the authors take 1 for mixup, 2 for "
                                    "cutmix; 0: nothing is mixed",
                             .min = 0,
                             .max = 1e6}),
           method_parameter(&MixOe::alpha_outliers,
                            {.name = "alpha_outliers",
                             .doc = "its second parameter; alpha if not given. OpenOOD's port has "
                                    "alpha=0.1,alpha_outliers=1,w_mix=1,mix=cutmix",
                             .min = 0,
                             .max = 1e6,
                             .min_excluded = true},
                            {"alpha above 0", [](const MixOe& m) { return m.alpha > 0; }}),
           method_parameter(&MixOe::w_mix, {.name = "w_mix",
                                            .doc = "weight of the mixed term, the authors' beta "
                                                   "(5 in their scripts)",
                                            .min = 0,
                                            .max = 1e6})}});
}
}  // namespace methods
}  // namespace nescio::train
