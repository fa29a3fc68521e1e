#include "nn/layers.h"

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
  return p > 0 && module.is_training() ? torch::dropout(x, p, true) : x;
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
