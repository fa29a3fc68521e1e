// Pictures that are mixed, and by how much.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "nn/staged_network.h"
#include "train/step.h"

namespace nescio::train {

/// `count` draws of the Beta distribution, float64 on the CPU, from libtorch's random numbers, which
/// the trainer sets before each step. Beta(a, b) = g / (g + h) with g ~ Gamma(a, 1), h ~ Gamma(b, 1);
/// 1/2 where both are 0, as happens for tiny a and b. a = 0 means that nothing is mixed: all are 1.
torch::Tensor draw_beta(double a, double b, std::int64_t count);

/// lambda x + (1 - lambda) o for x and o [B, ...] and a scalar lambda or [B]; values are not cut.
/// Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018, arXiv:1710.09412.
torch::Tensor mixup(const torch::Tensor& x, const torch::Tensor& o, const torch::Tensor& lambda);

/// A rectangle for each lambda, int64 [4] or [B, 4]: the first row and the one behind the last, the
/// same of columns. Its sides are sqrt(1 - lambda) of the picture's, rounded down, its centre is drawn
/// uniformly from libtorch's random numbers, and what lies outside is cut off.
/// Yun et al., CutMix, ICCV 2019, arXiv:1905.04899.
torch::Tensor draw_boxes(const torch::Tensor& lambda, std::int64_t height, std::int64_t width);
/// The share of the picture that such rectangles leave, float64, a scalar or [B].
torch::Tensor share_left(const torch::Tensor& boxes, std::int64_t height, std::int64_t width);
/// x with the rectangles of o, [B, channels, height, width].
torch::Tensor paste(const torch::Tensor& x, const torch::Tensor& o, const torch::Tensor& boxes);

/// A scalar for all parts of a step, or one value for each pair.
Drawn of_pairs(const torch::Tensor& lambda);
/// What `kind`, mixup or cutmix, draws to mix pairs in the shares that are wanted: "lambda", the shares
/// that are left, and "boxes".
Draws draw_mixing(const std::string& kind, const torch::Tensor& wanted, const StepFacts& facts);
/// Pictures mixed with their outliers as a method has drawn it, [pairs, channels, height, width].
torch::Tensor mix_pairs(const TrainingStep& step, const std::string& method);
/// Mixes pictures of a step with its pictures in another order, and their probabilities in the same
/// shares; with rectangles, or as a whole where `boxes` is undefined.
void mix_within(TrainingStep& step, const torch::Tensor& order, const torch::Tensor& lambda,
                const torch::Tensor& boxes);

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
