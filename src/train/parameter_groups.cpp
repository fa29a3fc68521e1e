#include "train/parameter_groups.h"

#include <algorithm>
#include <cmath>

#include "nn/depth.h"

namespace nescio::train {
namespace {

TrainedParameters parameters_of(const torch::nn::Module& module, const std::string& prefix,
                                const TrainSettings& settings) {
  TrainedParameters out;
  for (const auto& item : module.named_parameters()) {
    const torch::Tensor& tensor = item.value();
    if (!tensor.requires_grad()) continue;
    const bool decays = settings.weight_decay_on == "all" || tensor.dim() > 1;
    out[prefix + item.key()] = {tensor, 1, decays ? settings.weight_decay : 0};
  }
  return out;
}

}  // namespace

TrainedParameters trained_parameters(const TrainSettings& settings, const nn::Network& network,
                                     std::string_view head, const TrainingMethod& method) {
  TrainedParameters out = parameters_of(network, "network.", settings);
  const auto depths = nn::depths_of(network);
  std::int64_t last = 0;
  for (const auto& [name, depth] : depths) last = std::max(last, depth);
  for (const auto& [name, depth] : depths) {
    const auto found = out.find("network." + name);
    if (found == out.end()) continue;
    double& factor = found->second.lr_factor;
    factor = std::pow(settings.layer_decay, static_cast<double>(last - depth));
    if (name.starts_with(text(head, "."))) factor *= settings.head_lr;
  }
  out.merge(parameters_of(method, "method.", settings));
  return out;
}

}  // namespace nescio::train
