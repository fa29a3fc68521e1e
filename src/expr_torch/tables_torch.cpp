// Products with tables, distances to their rows, and picking of columns by libtorch.
#include "expr_torch/torch_kernels.h"

namespace nescio::expr {
namespace {

torch::Tensor as_index(const torch::Tensor& values) { return values.to(torch::kLong); }

}  // namespace

torch::Tensor torch_ops::matmul(const TorchCall& c) {
  const TorchTable& table = *c.arguments[1].table;
  const bool by_rows = c.node.integers[0] != 0;
  return at::mm(c[0], by_rows ? table.floats(c.first_column, c.columns).t()
                              : table.columns(c.first_column, c.columns));
}

torch::Tensor torch_ops::squared_distances(const TorchCall& c) {
  return c.arguments[1].distances->distances(c[0], c.first_column, c.columns);
}

torch::Tensor torch_ops::take_row(const TorchCall& c) {
  return at::index_select(c[0], 0, as_index(c[1]).view({-1}));
}

torch::Tensor torch_ops::gather_columns(const TorchCall& c) {
  const torch::Tensor index = as_index(c[1]);
  return at::gather(c[0].expand({index.size(0), c[0].size(1)}), 1, index);
}

torch::Tensor torch_ops::slice_columns(const TorchCall& c) {
  return c[0].narrow(1, c.node.integers[0], c.columns);
}

torch::Tensor torch_ops::select_columns(const TorchCall& c) {
  return at::index_select(c[0], 1, c.integers);
}

torch::Tensor torch_ops::concat(const TorchCall& c) {
  std::vector<torch::Tensor> parts;
  for (const TorchValue& part : c.arguments) {
    parts.push_back(part.values.expand({c.rows, part.values.size(1)}));
  }
  return at::cat(parts, 1);
}

}  // namespace nescio::expr
