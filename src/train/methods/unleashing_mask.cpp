// Unleashing Mask (UM): a trained network is fine-tuned to forget what it memorised.
//   L = |beta CE(f(x), y) - b| + b
// from a network that has converged, with b the loss that it has on its training pictures with a few of its
// weights masked (forget_threshold.h). With outlier_exposure or energy_bounded the flood acts on CE alone. Zhu et
// al. take SGD without Nesterov's momentum, a learning rate of 0.1 that falls by a cosine, weight decay 1e-4 and
// 100 epochs: a whole second training. So compare it with a run of cross_entropy of the same length.
#include "train/flood.h"

namespace nescio::train {
namespace {

class UnleashingMask final : public FloodedMethod, public FloodLevel {
 public:
  bool needs_whole_batch() const override { return true; }
  void on_fresh_start(const RunStart& start) override { set_level(resolve(start)); }
};

}  // namespace

namespace methods {
MethodInfo unleashing_mask() {
  MethodInfo info = {
      .name = "unleashing_mask",
      .aliases = {"um"},
      .repeats = true,
      .summary =
          "Unleashing Mask: a trained network is tuned back to the loss that it has with a few "
          "weights masked, and forgets atypical pictures first.",
      .formula = "|beta CE(f(x), y) - b| + b, b: mean CE of training pictures under random masks",
      .paper =
          "Zhu, Li, Yao, Liu, Xu, Han, Unleashing Mask: Explore the Intrinsic "
          "Out-of-Distribution Detection Capability, ICML 2023, arXiv:2306.03715",
      .needs = {.weighs = true},
      .parameters = {beta_parameter<UnleashingMask>()}};
  add_level_parameters<UnleashingMask>(info.parameters);
  return describe_method<UnleashingMask>(std::move(info));
}
}  // namespace methods
}  // namespace nescio::train
