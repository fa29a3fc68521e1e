#include "expr_torch/torch_kernels.h"

namespace nescio::expr {

TorchKernel torch_kernel(Op op) {
  static constexpr TorchKernel kernels[] = {
#define X(name, ...) nullptr,
      NESCIO_LEAVES(X)
#undef X
#define X(name, ...) &torch_ops::name,
          NESCIO_OPERATIONS(X)
#undef X
  };
  return kernels[static_cast<std::size_t>(op)];
}

}  // namespace nescio::expr
