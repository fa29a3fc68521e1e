// What libtorch computes for each operation on one block of rows; x_torch.cpp has those of a family.
#pragma once

#include <torch/types.h>
#include <span>

#include "expr/graph.h"
#include "expr_torch/torch_distances.h"

namespace nescio::expr {

/// Floats [rows, width] on the device; one row or one column stands for all.
struct TorchValue {
  torch::Tensor values = {};
  torch::Tensor rest = {};            // of a constant in double: what its floats leave of it
  const TorchTable* table = nullptr;  // of a constant; values are there if it is resident
  const TorchDistances* distances = nullptr;  // of a table of TableRole::nearest
};

struct TorchCall {
  const Node& node;
  std::int64_t rows;  // of the block
  std::span<const TorchValue> arguments;
  std::int64_t columns;           // how many are wanted: the first, or from first_column on
  std::int64_t first_column = 0;  // of a tile; operands are cut to it, other tables not
  torch::Tensor integers = {};    // those of the node, on the device

  const torch::Tensor& operator[](std::size_t argument) const { return arguments[argument].values; }
};

/// The result [rows, columns] in floats; of constants alone it may be one row. It may share memory with arguments.
using TorchKernel = torch::Tensor (*)(const TorchCall& call);
/// Of an operation that is no leaf.
TorchKernel torch_kernel(Op op);

namespace torch_ops {

#define X(name, ...) torch::Tensor name(const TorchCall& call);
NESCIO_OPERATIONS(X)
#undef X

}  // namespace torch_ops
}  // namespace nescio::expr
