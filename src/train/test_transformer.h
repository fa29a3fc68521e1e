// For tests of masked image modelling: a vision transformer of 64 patches that is small enough to be trained.
#pragma once

#include <memory>
#include <string>

#include <torch/nn/functional/upsampling.h>

#include "nn/network_info.h"
#include "nn/vision_transformer.h"
#include "train/method.h"

namespace nescio::train {

inline constexpr const char* tiny_transformer = "vit_t4_32(width=24,depth=2,heads=2,mlp_ratio=2)";

/// A method and the network that it was made for.
struct MethodWithNetwork {
  explicit MethodWithNetwork(const std::string& spec, torch::ScalarType type = torch::kFloat32,
                             const std::string& model = tiny_transformer) {
    torch::manual_seed(5);
    const nn::DesignedNetwork designed = nn::design_network(model);
    network = designed.design->make(4);
    method = make_method(spec);
    const auto weights = network->named_parameters();
    const std::string head = designed.info->head;
    method->on_make(
        {*network, *designed.info, {weights[head + ".weight"], weights[head + ".bias"]}});
    network->to(type);
    method->to(type);
    network->eval();
  }

  std::shared_ptr<nn::Network> network;
  std::shared_ptr<TrainingMethod> method;
};

/// Smooth random pictures [rows, 3, 32, 32] in which neighbouring patches have to do with one another.
inline torch::Tensor smooth_pictures(std::int64_t rows, torch::ScalarType type = torch::kFloat32) {
  torch::manual_seed(11);
  const torch::Tensor coarse = torch::randn({rows, 3, 4, 4});
  namespace tf = torch::nn::functional;
  return tf::interpolate(coarse, tf::InterpolateFuncOptions()
                                     .size(std::vector<std::int64_t>{32, 32})
                                     .mode(torch::kBilinear)
                                     .align_corners(false))
      .to(type);
}

}  // namespace nescio::train
