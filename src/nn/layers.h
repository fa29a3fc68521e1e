// What several networks are made of.
#pragma once

#include <cstdint>
#include <span>

#include "base/parameters.h"
#include "nn/torch.h"

namespace nescio::nn {

/// A convolution of side x side pixels without biases, for a normalisation follows; keeps the size of
/// the picture at stride 1.
torch::nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t side,
                       std::int64_t stride = 1);
/// Batch normalisation, with scale and shift or without.
torch::nn::BatchNorm2d norm(std::int64_t channels, bool affine = true);

/// Starts every convolution as He et al. do (Delving Deep into Rectifiers, ICCV 2015,
/// arXiv:1502.01852): kernels normal with variance 2 / fan, biases 0. Linear layers stay as they
/// are. Called by the constructors of networks whose reference code starts in this way.
void he_start(torch::nn::Module& network, torch::nn::init::FanModeType fan);

/// x with a share p of its values set to 0 and the others scaled to make up for it, where `module` is in
/// training mode or the thread has a Dropping; x itself otherwise.
torch::Tensor drop_out(const torch::nn::Module& module, const torch::Tensor& x, double p);
/// The same of whole channels.
torch::Tensor drop_channels(const torch::nn::Module& module, const torch::Tensor& x, double p);

/// While it lives, drop_out() and drop_channels() of its thread drop in evaluation mode, too: of picture r
/// what follows from keys[r] and the number of the layer, whatever else is in the batch.
class Dropping {
 public:
  explicit Dropping(std::span<const std::uint64_t> keys);
  ~Dropping();
  Dropping(const Dropping&) = delete;
  Dropping& operator=(const Dropping&) = delete;

  /// Of the calling thread, or none.
  static Dropping* here();
  /// x [B, ...] with a share p of what lies behind its first `sides` sides set to 0 as a whole.
  torch::Tensor drop(const torch::Tensor& x, double p, std::int64_t sides);
  /// How many layers have dropped.
  std::uint64_t layers() const { return layers_; }

 private:
  std::span<const std::uint64_t> keys_;
  std::uint64_t layers_ = 0;
  Dropping* outer_;
};

/// The parameter `dropout` of a network that drops out values at `place`.
ParameterInfo dropout_parameter(const std::string& place);
/// The parameter `affine` of a network with batch normalisation.
ParameterInfo affine_parameter();

}  // namespace nescio::nn
