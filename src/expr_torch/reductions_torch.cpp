// Reductions over the columns of a row, softmax and cumulative sums by libtorch, summed up in double.
#include <limits>

#include "expr_torch/torch_kernels.h"

namespace nescio::expr {
namespace {

/// f(values [..., width]) -> [..., 1] for each group of columns; groups of one width in one call.
template <class F>
torch::Tensor by_group(const TorchCall& c, F f) {
  const torch::Tensor& x = c[0];
  const auto& borders = c.node.integers;
  if (borders.empty()) return f(x).to(torch::kFloat);
  const std::int64_t groups = c.columns;
  const auto first = borders.begin();
  const std::int64_t width = borders[1];
  bool equal = true;
  for (std::int64_t g = 0; g < groups; ++g) equal &= first[g + 1] - first[g] == width;
  if (equal) {
    const torch::Tensor all = x.narrow(1, 0, groups * width).reshape({x.size(0), groups, width});
    return f(all).squeeze(2).to(torch::kFloat);
  }
  std::vector<torch::Tensor> results;
  for (std::int64_t g = 0; g < groups; ++g) {
    results.push_back(f(x.narrow(1, first[g], first[g + 1] - first[g])));
  }
  return at::cat(results, 1).to(torch::kFloat);
}

torch::Tensor in_double(const torch::Tensor& x) { return x.to(torch::kDouble); }

torch::Tensor log_sum_exp(const torch::Tensor& x) {
  return at::logsumexp(in_double(x), {-1}, true);
}

torch::Tensor log_sum_exp_of_rest(const torch::Tensor& x) {
  const torch::Tensor top = at::argmax(x, -1, true);
  return log_sum_exp(at::scatter(x, -1, top, -std::numeric_limits<double>::infinity()));
}

torch::Tensor square_sum(const torch::Tensor& x) {
  return at::square(in_double(x)).sum({-1}, true);
}

}  // namespace

torch::Tensor torch_ops::row_sum(const TorchCall& c) {
  return by_group(c, [](const auto& x) { return at::sum(x, {-1}, true, torch::kDouble); });
}
torch::Tensor torch_ops::row_mean(const TorchCall& c) {
  return by_group(c, [](const auto& x) { return at::mean(x, {-1}, true, torch::kDouble); });
}
torch::Tensor torch_ops::row_max(const TorchCall& c) {
  return by_group(c, [](const auto& x) { return at::amax(x, {-1}, true); });
}
torch::Tensor torch_ops::row_min(const TorchCall& c) {
  return by_group(c, [](const auto& x) { return at::amin(x, {-1}, true); });
}
torch::Tensor torch_ops::row_argmax(const TorchCall& c) {
  return by_group(c, [](const auto& x) { return at::argmax(x, -1, true); });
}
torch::Tensor torch_ops::logsumexp(const TorchCall& c) { return by_group(c, log_sum_exp); }
torch::Tensor torch_ops::l1_norm(const TorchCall& c) {
  return by_group(c, [](const auto& x) { return at::sum(at::abs(x), {-1}, true, torch::kDouble); });
}
torch::Tensor torch_ops::l2_norm(const TorchCall& c) {
  return by_group(c, [](const auto& x) { return at::sqrt(square_sum(x)); });
}
torch::Tensor torch_ops::sum_of_squares(const TorchCall& c) { return by_group(c, square_sum); }
torch::Tensor torch_ops::logsumexp_rest(const TorchCall& c) {
  return by_group(c, log_sum_exp_of_rest);
}
torch::Tensor torch_ops::log_odds(const TorchCall& c) {
  return by_group(c,
                  [](const auto& x) { return log_sum_exp_of_rest(x) - at::amax(x, {-1}, true); });
}

torch::Tensor torch_ops::softmax(const TorchCall& c) {
  return at::exp(in_double(c[0]) - log_sum_exp(c[0])).to(torch::kFloat);
}
torch::Tensor torch_ops::log_softmax(const TorchCall& c) {
  return (in_double(c[0]) - log_sum_exp(c[0])).to(torch::kFloat);
}
torch::Tensor torch_ops::cumsum(const TorchCall& c) {
  return at::cumsum(c[0].narrow(1, 0, c.columns), 1, torch::kDouble).to(torch::kFloat);
}

}  // namespace nescio::expr
