// Flooding: the training loss is kept from falling below a level.
//   L = |beta CE(f(x), y) - b| + b
#include "train/flood.h"

namespace nescio::train {
namespace {

class Flooding final : public FloodedMethod {
 public:
  double b = 0.05;

  bool needs_whole_batch() const override { return b > 0; }
  void on_fresh_start(const RunStart&) override { set_level(b); }
};

}  // namespace

namespace methods {
MethodInfo flooding() {
  return describe_method<Flooding>(
      {.name = "flooding",
       .repeats = true,
       .summary = "Cross-entropy that is kept at a level: below it, gradients turn round.",
       .formula = "|beta CE(f(x), y) - b| + b, CE the mean over the batch",
       .paper =
           "Ishida, Yamane, Sakai, Niu, Sugiyama, Do We Need Zero Training Loss After Achieving "
           "Zero Training Error?, ICML 2020, arXiv:2002.08709",
       .needs = {.weighs = true},
       .parameters = {
           method_parameter(&Flooding::b, {.name = "b", .doc = "the level", .min = 0, .max = 1e6}),
           beta_parameter<Flooding>()}});
}
}  // namespace methods
}  // namespace nescio::train
