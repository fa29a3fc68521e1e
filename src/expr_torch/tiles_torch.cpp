// Reductions over the rows of a bank: no kernel of their own.
#include "expr_torch/torch_kernels.h"

#include "base/error.h"

namespace nescio::expr {

// The program runs the tile loop (TorchReduction) or the search (TorchSearch) that the plan made of it.
torch::Tensor torch_ops::over_rows(const TorchCall&) { fail("[over_rows] is no kernel"); }

}  // namespace nescio::expr
