#include "nn/layers.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::nn {

torch::nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t side, std::int64_t stride) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, side).stride(stride).padding(side / 2).bias(false));
}

torch::nn::BatchNorm2d norm(std::int64_t channels, bool affine) {
  return torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(channels).affine(affine));
}

void he_start(torch::nn::Module& network, torch::nn::init::FanModeType fan) {
  for (const auto& module : network.modules(/*include_self=*/false)) {
    auto* conv = module->as<torch::nn::Conv2d>();
    if (!conv) continue;
    torch::nn::init::kaiming_normal_(conv->weight, 0, fan, torch::kReLU);
    if (conv->bias.defined()) torch::nn::init::zeros_(conv->bias);
  }
}

torch::Tensor drop_out(const torch::nn::Module& module, const torch::Tensor& x, double p) {
  if (Dropping* dropping = Dropping::here()) return dropping->drop(x, p, x.dim());
  return p > 0 && module.is_training() ? torch::dropout(x, p, true) : x;
}

torch::Tensor drop_channels(const torch::nn::Module& module, const torch::Tensor& x, double p) {
  if (Dropping* dropping = Dropping::here()) return dropping->drop(x, p, 2);
  return torch::feature_dropout(x, p, module.is_training());
}

namespace {
thread_local Dropping* innermost = nullptr;
}  // namespace

Dropping::Dropping(std::span<const std::uint64_t> keys) : keys_(keys), outer_(innermost) {
  innermost = this;
}
Dropping::~Dropping() { innermost = outer_; }
Dropping* Dropping::here() { return innermost; }

torch::Tensor Dropping::drop(const torch::Tensor& x, double p, std::int64_t sides) {
  if (p <= 0) return x;
  std::vector<std::int64_t> shape = x.sizes().vec();
  std::fill(shape.begin() + sides, shape.end(), 1);
  const auto rows = static_cast<std::size_t>(shape[0]);
  if (rows != keys_.size())
    fail("keys: expected one for each of ", rows, " pictures, found ", keys_.size());
  const torch::Tensor factors = torch::empty(shape);
  const auto each = static_cast<std::size_t>(factors.numel()) / rows;
  const auto kept = static_cast<float>(1 / (1 - p));
  float* out = factors.data_ptr<float>();
  for (const std::uint64_t key : keys_) {
    Rng rng(key, layers_);
    for (std::size_t i = 0; i < each; ++i) *out++ = rng.uniform() < p ? 0.0f : kept;
  }
  ++layers_;
  return x * factors.to(x.device());
}

ParameterInfo dropout_parameter(const std::string& place) {
  return {.name = "dropout",
          .doc = "share of the values " + place + " that training sets to 0",
          .min = 0,
          .max = 1,
          .max_excluded = true};
}

ParameterInfo affine_parameter() {
  return {.name = "affine", .doc = "batch normalisation has a scale and a shift"};
}

}  // namespace nescio::nn
