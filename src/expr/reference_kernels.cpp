#include "expr/reference_kernels.h"

namespace nescio::expr {

ReferenceKernel reference_kernel(Op op) {
  static constexpr ReferenceKernel kernels[] = {
#define X(name, ...) nullptr,
      NESCIO_LEAVES(X)
#undef X
#define X(name, ...) &reference::name,
          NESCIO_OPERATIONS(X)
#undef X
  };
  return kernels[static_cast<std::size_t>(op)];
}

}  // namespace nescio::expr
