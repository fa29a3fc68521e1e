// Pictures that are mixed, and by how much.
#pragma once

#include <cstdint>
#include <utility>

#include "nn/staged_network.h"

namespace nescio::train {

/// `count` draws of the Beta distribution, float64 on the CPU, from libtorch's random numbers, which
/// the trainer sets before each step. Beta(a, b) = g / (g + h) with g ~ Gamma(a, 1), h ~ Gamma(b, 1);
/// 1/2 where both are 0, as happens for tiny a and b. a = 0 means that nothing is mixed: all are 1.
torch::Tensor draw_beta(double a, double b, std::int64_t count);

/// Pictures of both sides, and the share that is left of the first.
struct Mixed {
  torch::Tensor images;  // [B, channels, height, width]
  torch::Tensor lambda;  // scalar or [B], as the one that was asked for
};

/// lambda x + (1 - lambda) o for pictures x and o [B, channels, height, width] and a scalar lambda
/// or [B]; values are not cut. Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018,
/// arXiv:1710.09412.
Mixed mixup(const torch::Tensor& x, const torch::Tensor& o, const torch::Tensor& lambda);

/// x with a rectangle of o: its sides are sqrt(1 - lambda) of the picture's, rounded down, its centre
/// is drawn uniformly from libtorch's random numbers, and what lies outside is cut off. lambda
/// becomes the share of x that is left; an empty rectangle leaves 1. Yun et al., CutMix, ICCV 2019,
/// arXiv:1905.04899.
Mixed cutmix(const torch::Tensor& x, const torch::Tensor& o, const torch::Tensor& lambda);

/// Has the first `pairs` of `images` pictures mixed with the outliers that follow them, between the
/// stages `layer` - 1 and `layer` of a network: gives the logits of all, then those of the mixed rows.
/// A pass costs the stages from `layer` on for `pairs` further rows.
class HiddenMixing final : public nn::Network {
 public:
  HiddenMixing(nn::StagedNetwork& network, std::int64_t layer, std::int64_t images,
               std::int64_t pairs, torch::Tensor lambda)
      : network_(network),
        layer_(layer),
        images_(images),
        pairs_(pairs),
        lambda_(std::move(lambda)) {}
  nn::NetworkOutputs forward(const torch::Tensor& pictures) override;

 private:
  nn::StagedNetwork& network_;
  std::int64_t layer_, images_, pairs_;
  torch::Tensor lambda_;
};

/// lambda as it multiplies something of as many dimensions as `like`, of its type and device.
torch::Tensor share_for(const torch::Tensor& lambda, const torch::Tensor& like);

}  // namespace nescio::train
