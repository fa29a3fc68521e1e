#include "expr/cpu_kernels.h"

namespace nescio::expr {

const CpuKernel& cpu_kernel(Op op) {
  static constexpr const CpuKernel* kernels[] = {
#define X(name, ...) nullptr,
      NESCIO_LEAVES(X)
#undef X
#define X(name, ...) &cpu::name,
          NESCIO_OPERATIONS(X)
#undef X
  };
  return *kernels[static_cast<std::size_t>(op)];
}

}  // namespace nescio::expr
