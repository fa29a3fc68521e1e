// Networks that can be cut between two stages, for those who look at what lies between or change it.
#pragma once

#include "nn/network.h"

namespace nescio::nn {

class StagedNetwork : public Network {
 public:
  NetworkOutputs forward(const torch::Tensor& images) final {
    return finish(run(images, 0, stages()));
  }
  std::vector<std::string> tap_names() const final {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < stages(); ++i) names.push_back(stage_name(i));
    return names;
  }
  NetworkOutputs forward_with(Taps& taps, const torch::Tensor& images) final {
    torch::Tensor x = images;
    for (std::int64_t i = 0; i < stages(); ++i) {
      x = stage(i, x);
      if (const auto asked = taps.find(stage_name(i)); asked != taps.end()) asked->second = x;
    }
    return finish(x);
  }
  NetworkOutputs forward_from(const std::string& tap, const torch::Tensor& x) final {
    for (std::int64_t i = 0; i < stages(); ++i) {
      if (stage_name(i) == tap) return finish(run(x, i + 1, stages()));
    }
    return Network::forward_from(tap, x);
  }

  virtual std::int64_t stages() const = 0;
  /// By which what stage i gives can be asked for: the module that it comes from.
  virtual std::string stage_name(std::int64_t i) const = 0;
  /// What the stages first .. last - 1 make of pictures (first = 0) or of what the stage before
  /// them gave.
  torch::Tensor run(torch::Tensor x, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) x = stage(i, x);
    return x;
  }
  /// Features and logits from what the last stage gave.
  virtual NetworkOutputs finish(const torch::Tensor& x) = 0;

 private:
  /// Leaves x as it is.
  virtual torch::Tensor stage(std::int64_t i, const torch::Tensor& x) = 0;
};

}  // namespace nescio::nn
