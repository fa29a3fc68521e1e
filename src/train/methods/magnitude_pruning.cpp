// Magnitude pruning: the smallest weights are set to 0 at the start and stay 0.
#include "train/fixed_mask.h"

namespace nescio::train {
namespace {

class MagnitudePruning final : public FixedMask {
 private:
  Tensors scores(const Tensors& kernels) const override { return kernels; }
};

}  // namespace

namespace methods {
MethodInfo magnitude_pruning() {
  return describe_method<MagnitudePruning>(
      {.name = "magnitude_pruning",
       .role = MethodRole::change,
       .repeats = true,
       .summary = "Magnitude pruning: the smallest weights are set to 0 at the start and stay 0.",
       .formula = "W * m, m = 0 at the smallest |W| of each kernel",
       .paper = "Han, Pool, Tran, Dally, Learning both Weights and Connections for Efficient "
                "Neural Networks, NeurIPS 2015, arXiv:1506.02626",
       .parameters = fixed_mask_parameters<MagnitudePruning>()});
}
}  // namespace methods
}  // namespace nescio::train
