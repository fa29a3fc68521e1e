// What a network is made of; needs libtorch.
#pragma once

#include <torch/torch.h>

namespace nescio {

struct NetworkOutputs {
  torch::Tensor logits;    // [B, C]
  torch::Tensor features;  // [B, D]: what the last layer reads
};

/// A module whose parameters carry the names of the published weights.
class Network : public torch::nn::Module {
 public:
  /// `images` is [B, 3, height, width].
  virtual NetworkOutputs forward(const torch::Tensor& images) = 0;
};

}  // namespace nescio
