// Sorting, ranks and empirical distributions by libtorch.
#include "expr_torch/torch_kernels.h"

namespace nescio::expr {

torch::Tensor torch_ops::sorted(const TorchCall& c) {
  const bool descending = c.node.integers[0] != 0;
  if (c.columns < c[0].size(1)) {
    return std::get<0>(at::topk(c[0], c.columns, 1, descending, true));
  }
  return std::get<0>(at::sort(c[0], 1, descending));
}

torch::Tensor torch_ops::rank(const TorchCall& c) {
  const torch::Tensor order = std::get<1>(at::sort(c[0], true, 1, false));
  const torch::Tensor places =
      at::clamp_max(at::arange(c.columns, c[0].options()), c.node.integers[0])
          .unsqueeze(0)
          .expand(order.sizes());
  return at::scatter(at::empty_like(c[0]), 1, order, places);
}

torch::Tensor torch_ops::ecdf(const TorchCall& c) {
  const torch::Tensor table = c[1].view({-1});
  const torch::Tensor below = at::bucketize(c[0].contiguous(), table, false, true);
  return (below.to(torch::kDouble) / static_cast<double>(table.numel())).to(torch::kFloat);
}

torch::Tensor torch_ops::row_histogram(const TorchCall& c) {
  const torch::Tensor& x = c[0];
  const torch::Tensor edges = c[1].view({-1});
  const torch::Tensor above = at::bucketize(x.contiguous(), edges, false, true);
  const torch::Tensor counted = at::logical_and(x >= edges[0], x <= edges[-1]);
  // Counts are whole numbers, so their sum does not depend on its order.
  return at::zeros({x.size(0), c.columns}, x.options())
      .scatter_add_(1, at::clamp(above - 1, 0, c.columns - 1), counted.to(torch::kFloat));
}

torch::Tensor torch_ops::bucketize(const TorchCall& c) {
  const torch::Tensor borders = c[1].t().contiguous();  // [width, n]
  const torch::Tensor below =
      at::searchsorted(borders, c[0].t().contiguous(), false, true);  // [width, rows]
  return below.t().to(torch::kFloat);
}

}  // namespace nescio::expr
