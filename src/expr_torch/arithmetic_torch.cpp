// Arithmetic, comparisons and elementary functions by libtorch.
#include "expr_torch/torch_kernels.h"

namespace nescio::expr {
namespace {

torch::Tensor as_floats(const torch::Tensor& truth) { return truth.to(torch::kFloat); }

}  // namespace

// Constants in double are added as two floats: x - mean far from the origin has digits that the
// mean as one float has not.
torch::Tensor torch_ops::add(const TorchCall& c) {
  torch::Tensor sum = c[0] + c[1];
  for (const TorchValue& a : c.arguments) {
    if (a.rest.defined()) sum = sum + a.rest;
  }
  return sum;
}
torch::Tensor torch_ops::subtract(const TorchCall& c) {
  torch::Tensor difference = c[0] - c[1];
  if (c.arguments[0].rest.defined()) difference = difference + c.arguments[0].rest;
  if (c.arguments[1].rest.defined()) difference = difference - c.arguments[1].rest;
  return difference;
}
torch::Tensor torch_ops::multiply(const TorchCall& c) { return c[0] * c[1]; }
torch::Tensor torch_ops::divide(const TorchCall& c) { return c[0] / c[1]; }
torch::Tensor torch_ops::minimum(const TorchCall& c) { return at::minimum(c[0], c[1]); }
torch::Tensor torch_ops::maximum(const TorchCall& c) { return at::maximum(c[0], c[1]); }
torch::Tensor torch_ops::power(const TorchCall& c) { return at::pow(c[0], c[1]); }
torch::Tensor torch_ops::logaddexp(const TorchCall& c) { return at::logaddexp(c[0], c[1]); }
torch::Tensor torch_ops::less(const TorchCall& c) { return as_floats(c[0] < c[1]); }
torch::Tensor torch_ops::less_equal(const TorchCall& c) { return as_floats(c[0] <= c[1]); }
torch::Tensor torch_ops::greater(const TorchCall& c) { return as_floats(c[0] > c[1]); }
torch::Tensor torch_ops::greater_equal(const TorchCall& c) { return as_floats(c[0] >= c[1]); }
torch::Tensor torch_ops::equal(const TorchCall& c) { return as_floats(c[0] == c[1]); }
torch::Tensor torch_ops::not_equal(const TorchCall& c) { return as_floats(c[0] != c[1]); }
torch::Tensor torch_ops::where(const TorchCall& c) { return at::where(c[0] != 0, c[1], c[2]); }
torch::Tensor torch_ops::negate(const TorchCall& c) { return -c[0]; }
torch::Tensor torch_ops::exp(const TorchCall& c) { return at::exp(c[0]); }
torch::Tensor torch_ops::expm1(const TorchCall& c) { return at::expm1(c[0]); }
torch::Tensor torch_ops::log(const TorchCall& c) { return at::log(c[0]); }
torch::Tensor torch_ops::log1p(const TorchCall& c) { return at::log1p(c[0]); }
torch::Tensor torch_ops::sqrt(const TorchCall& c) { return at::sqrt(c[0]); }
torch::Tensor torch_ops::abs(const TorchCall& c) { return at::abs(c[0]); }

}  // namespace nescio::expr
