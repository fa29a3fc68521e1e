// Distillation: the student learns what a stored teacher says about the pictures, and the labels beside it.
//   loss = (1 - w) CE(z, y) + w T^2 KL(softmax(t / T) || softmax(z / T))
// with the logits t of targets=. w = 1 reads no labels. T^2 keeps the size of the gradients whatever T is.
#include "train/losses.h"
#include "train/method.h"

namespace nescio::train {
namespace {

class Distillation final : public TrainingMethod {
 public:
  double T = 4;
  double w = 0.9;

  torch::Tensor loss(TrainingStep& step) override {
    const torch::Tensor divergence = consistency(step.teacher / T, step.logits / T, "kl");
    const torch::Tensor soft = step.term("soft", w * T * T * step.of_images(divergence));
    if (w == 1) return soft;
    return soft + step.term("ce", (1 - w) * step.cross_entropy(step.logits));
  }
};

}  // namespace

namespace methods {
MethodInfo distillation() {
  return describe_method<Distillation>(
      {.name = "distillation",
       .repeats = true,
       .summary =
           "The student learns what a stored teacher says about the pictures, and their labels.",
       .formula = "(1 - w) CE(z, y) + w T^2 KL(softmax(t / T) || softmax(z / T)), t: the teacher's "
                  "logits",
       .paper = "Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, 2015, "
                "arXiv:1503.02531",
       .needs = {.teacher = true, .whole_answers = true},
       .parameters = {
           method_parameter(
               &Distillation::T,
               {.name = "T", .doc = "temperature of both sides", .min = 0, .min_excluded = true}),
           method_parameter(&Distillation::w, {.name = "w",
                                               .doc = "share of the teacher in the loss",
                                               .min = 0,
                                               .max = 1,
                                               .min_excluded = true})}});
}
}  // namespace methods
}  // namespace nescio::train
