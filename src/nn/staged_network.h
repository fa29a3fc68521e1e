// Networks that can be cut between two stages, for those who change what lies between.
#pragma once

#include "nn/network.h"

namespace nescio::nn {

class StagedNetwork : public Network {
 public:
  NetworkOutputs forward(const torch::Tensor& images) final {
    return finish(run(images, 0, stages()));
  }

  virtual std::int64_t stages() const = 0;
  /// What the stages first .. last - 1 make of pictures (first = 0) or of what the stage before
  /// them gave.
  torch::Tensor run(torch::Tensor x, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) x = stage(i, x);
    return x;
  }
  /// Features and logits from what the last stage gave.
  virtual NetworkOutputs finish(const torch::Tensor& x) = 0;

 private:
  virtual torch::Tensor stage(std::int64_t i, const torch::Tensor& x) = 0;
};

}  // namespace nescio::nn
