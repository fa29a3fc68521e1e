// Linear probing: the last layer learns, everything before it stays as it is.
//   loss of logits W h(x) + b over W and b alone; h with the statistics of normalisation that it has,
//   without dropout
#include "train/method.h"

namespace nescio::train {
namespace {

class HeadOnly final : public TrainingMethod {
 public:
  void on_make(const MadeFor& made_for) override { head_ = made_for.info.head + "."; }
  bool trains(const std::string& parameter) const override { return parameter.starts_with(head_); }
  void set_mode(nn::Network& network) const override { network.eval(); }

 private:
  std::string head_;
};

}  // namespace

namespace methods {
MethodInfo head_only() {
  return describe_method<HeadOnly>(
      {.name = "head_only",
       .aliases = {"linear_probing"},
       .role = MethodRole::change,
       .repeats = true,
       .summary = "Linear probing: only the last layer is trained; the network before it is as at "
                  "the start, normalisation included.",
       .formula = "the loss over W and b alone, z = W h(x) + b",
       .paper =
           "As the first step in Kumar, Raghunathan, Jones, Ma, Liang, Fine-Tuning can Distort "
           "Pretrained Features and Underperform Out-of-Distribution, ICLR 2022, "
           "arXiv:2202.10054"});
}
}  // namespace methods
}  // namespace nescio::train
