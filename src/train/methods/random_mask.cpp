// A control for masks that are chosen by something: weights drawn at random are set to 0 at the start and stay
// 0.
#include "train/fixed_mask.h"

namespace nescio::train {
namespace {

class RandomMask final : public FixedMask {
 private:
  Tensors scores(const Tensors& kernels) const override {
    Tensors out;
    for (auto& item : random_scores(kernels)) {
      out.emplace(item.first, item.second.to(kernels.at(item.first).device()));
    }
    return out;
  }
};

}  // namespace

namespace methods {
MethodInfo random_mask() {
  return describe_method<RandomMask>(
      {.name = "random_mask",
       .role = MethodRole::change,
       .repeats = true,
       .summary = "Weights drawn at random are set to 0 at the start and stay 0: a control for "
                  "other masks.",
       .formula = "W * m, m = 0 at random places of each kernel",
       .paper =
           "Zhu, Li, Yao, Liu, Xu, Han, Unleashing Mask: Explore the Intrinsic Out-of-Distribution "
           "Detection Capability, ICML 2023, arXiv:2306.03715: the mask of its threshold",
       .parameters = fixed_mask_parameters<RandomMask>()});
}
}  // namespace methods
}  // namespace nescio::train
