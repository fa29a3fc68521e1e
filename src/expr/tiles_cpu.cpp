// Reductions over the rows of a bank: no kernel of their own.
#include "expr/cpu_kernels.h"

namespace nescio::expr {

// The executor runs the tile loop (TileReduction) or the search (math::NearestRows) that the plan made of it.
const CpuKernel cpu::over_rows{nullptr};

}  // namespace nescio::expr
