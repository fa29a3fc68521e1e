#include "train/synchronised_norm.h"

#include <ATen/ops/batch_norm_compositeimplicitautograd_dispatch.h>
#include <torch/library.h>

#include "base/error.h"
#include "nn/torch.h"

namespace nescio::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using MaybeTensor = std::optional<torch::Tensor>;

thread_local Communicator* together = nullptr;  // of the calling thread; null: each on its own

/// All sides of x [B, C, ...] but that of the channels.
std::vector<std::int64_t> sides_of(const torch::Tensor& x) {
  std::vector<std::int64_t> sides = {0};
  for (std::int64_t side = 2; side < x.dim(); ++side) sides.push_back(side);
  return sides;
}

/// [C] as [1, C, 1, ...] of as many sides as x.
torch::Tensor beside(const torch::Tensor& channels, const torch::Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = channels.numel();
  return channels.view(shape);
}

/// In at least the digits of float.
torch::Tensor exact_of(const torch::Tensor& x) {
  return x.scalar_type() == torch::kFloat64 ? x : x.to(torch::kFloat32);
}

/// Sums over the processes, in double precision on the host.
torch::Tensor sum(Communicator& processes, const std::vector<torch::Tensor>& parts) {
  const torch::Tensor all = torch::cat(parts).to(torch::kCPU, torch::kFloat64).contiguous();
  processes.sum(std::span(all.data_ptr<double>(), static_cast<std::size_t>(all.numel())));
  return all;
}

/// y = weight u + bias with u = (x - mean) / sqrt(var + eps), of means and variances over the rows of all.
class Normalise : public torch::autograd::Function<Normalise> {
 public:
  /// Returns y, the mean, the variance (of n, not of n - 1) and n, the values of a channel in all.
  static variable_list forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight, const torch::Tensor& bias, double eps,
                               Communicator* processes) {
    const torch::Tensor exact = exact_of(x);
    const std::int64_t channels = x.size(1);
    const auto n = static_cast<double>(x.numel()) / static_cast<double>(channels);
    // Each says the sums of its values and of their squares by its mean and variance, in double precision: what the
    // squares lose where the mean is large would be lost of the rounded mean only.
    torch::Tensor own_mean = torch::zeros({channels}, torch::kFloat64), own_square = own_mean;
    if (n > 0) {
      const auto [variance, mean] = at::var_mean(exact, sides_of(x), /*correction=*/0);
      own_mean = mean.to(torch::kFloat64);
      own_square = variance.to(torch::kFloat64) + own_mean.square();
    }
    const torch::Tensor count = torch::full({1}, n, own_mean.options());
    const torch::Tensor all = sum(*processes, {count, own_mean * n, own_square * n});
    const double total = all[0].item<double>();
    const torch::Tensor mean = all.slice(0, 1, 1 + channels) / total;
    const torch::Tensor variance =
        (all.slice(0, 1 + channels) / total - mean.square()).clamp_min(0);
    const auto as_x = [&](const torch::Tensor& values) { return values.to(exact.options()); };
    const torch::Tensor centre = as_x(mean), scale = as_x((variance + eps).rsqrt());
    const torch::Tensor y =
        (exact - beside(centre, x)) * beside(scale * weight, x) + beside(bias, x);
    context->save_for_backward({x, weight, centre, scale});
    context->saved_data["n"] = total;
    context->saved_data["processes"] = reinterpret_cast<std::int64_t>(processes);
    const variable_list found = {y.to(x.scalar_type()), centre.clone(), as_x(variance),
                                 torch::full({1}, total, torch::kFloat64)};
    context->mark_non_differentiable({found[1], found[2], found[3]});
    return found;
  }

  /// dx = weight (dy - mean(dy) - u mean(u dy)) / sqrt(var + eps); of weight and bias this process's part.
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) {
      fail(
          "batch_norm=synchronised: a gradient of a gradient through it is not known; train with "
          "batch_norm=per_rank");
    }
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &weight = saved[1], &centre = saved[2], &scale = saved[3];
    const torch::Tensor dy = exact_of(gradients[0]);
    const torch::Tensor u = (exact_of(x) - beside(centre, x)) * beside(scale, x);
    const torch::Tensor of_bias = dy.sum(sides_of(x)), of_weight = (u * dy).sum(sides_of(x));
    auto* processes = reinterpret_cast<Communicator*>(context->saved_data["processes"].toInt());
    const torch::Tensor all = sum(*processes, {of_bias, of_weight});
    const variable_list means =
        (all / context->saved_data["n"].toDouble()).to(dy.options()).chunk(2);
    const torch::Tensor dx =
        (dy - beside(means[0], x) - u * beside(means[1], x)) * beside(scale * weight, x);
    const torch::Tensor none;
    return {dx.to(x.scalar_type()), of_weight, of_bias, none, none};
  }
};

/// In the place of libtorch's, which it is for whoever does not normalise together.
torch::Tensor batch_norm(const torch::Tensor& x, const MaybeTensor& weight, const MaybeTensor& bias,
                         const MaybeTensor& running_mean, const MaybeTensor& running_var,
                         bool training, double momentum, double eps, bool cudnn) {
  if (together == nullptr || !training) {
    return at::compositeimplicitautograd::batch_norm(x, weight, bias, running_mean, running_var,
                                                     training, momentum, eps, cudnn);
  }
  const auto or_else = [&](const MaybeTensor& channels, double value) {
    if (channels && channels->defined()) return *channels;
    return torch::full({x.size(1)}, value, exact_of(x).options().requires_grad(false));
  };
  const variable_list found =
      Normalise::apply(x, or_else(weight, 1), or_else(bias, 0), eps, together);
  if (running_mean && running_mean->defined()) {
    const torch::NoGradGuard no_gradients;
    const double n = found[3].item<double>();
    running_mean->lerp_(found[1], momentum);
    running_var->lerp_(found[2] * (n / (n - 1)), momentum);
  }
  return found[0];
}

/// For the rest of the process, since kernels are looked up without a lock.
void take_the_place_of_libtorchs() {
  static const torch::Library ours = [] {
    torch::Library library(torch::Library::IMPL, "aten", std::nullopt, __FILE__, __LINE__);
    for (const auto key : {c10::DispatchKey::AutogradCPU, c10::DispatchKey::AutogradCUDA}) {
      library.impl("batch_norm", torch::dispatch(key, TORCH_FN(batch_norm)));
    }
    return library;
  }();
}

}  // namespace

SynchronisedNorm::SynchronisedNorm(Communicator& processes) : outer_(together) {
  if (processes.size() == 1) return;
  take_the_place_of_libtorchs();
  together = &processes;
}

SynchronisedNorm::~SynchronisedNorm() { together = outer_; }

}  // namespace nescio::train
