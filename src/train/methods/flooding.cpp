// Flooding: the training loss is kept from falling below a level.
//   L = |beta CE(f(x), y) - b| + b
#include "train/flood.h"

namespace nescio::train {
namespace {

class Flooding final : public TrainingMethod {
 public:
  double b = 0.05;
  double beta = 1;

  bool needs_whole_batch() const override { return b > 0; }
  void on_fresh_start(const RunStart&) override { flood_->set_level(b); }
  torch::Tensor loss(TrainingStep& step) override { return flood_->loss(step, beta); }
  Notices closing_remarks() const override { return flood_->closing_remarks(); }

 private:
  std::shared_ptr<Flood> flood_ = register_module("flood", std::make_shared<Flood>());
};

}  // namespace

namespace methods {
MethodInfo flooding() {
  return describe_method<Flooding>(
      {.name = "flooding",
       .summary = "Cross-entropy that is kept at a level: below it, gradients turn round.",
       .formula = "|beta CE(f(x), y) - b| + b, CE the mean over the batch",
       .paper =
           "Ishida, Yamane, Sakai, Niu, Sugiyama, Do We Need Zero Training Loss After Achieving "
           "Zero Training Error?, ICML 2020, arXiv:2002.08709",
       .needs = {.weighs = true},
       .parameters = {
           method_parameter(&Flooding::b, {.name = "b", .doc = "the level", .min = 0, .max = 1e6}),
           method_parameter(
               &Flooding::beta,
               {.name = "beta", .doc = "factor of CE", .min = 0, .min_excluded = true})}});
}
}  // namespace methods
}  // namespace nescio::train
