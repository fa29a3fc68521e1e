#include "train/parameter_groups.h"

#include <algorithm>
#include <cmath>

namespace nescio::train {
namespace {

/// Those that are `trained`; `decays` says which weight decay pulls at where it pulls at kernels only.
template <class Trained, class Decays>
TrainedParameters parameters_of(const torch::nn::Module& module, const std::string& prefix,
                                const TrainSettings& settings, const Trained& trained,
                                const Decays& decays) {
  TrainedParameters out;
  for (const auto& item : module.named_parameters()) {
    const torch::Tensor& tensor = item.value();
    if (!trained(item.key()) || !tensor.requires_grad()) continue;
    const bool pulled = settings.weight_decay_on == "all" || decays(item.key(), tensor);
    out[prefix + item.key()] = {tensor, 1, pulled ? settings.weight_decay : 0};
  }
  return out;
}

}  // namespace

TrainedParameters trained_parameters(const TrainSettings& settings, const nn::Network& network,
                                     std::string_view head, const TrainingMethod& method) {
  TrainedParameters out = parameters_of(
      network, "network.", settings, [&](const std::string& name) { return method.trains(name); },
      [&](const std::string& name, const torch::Tensor& p) { return network.decays(name, p); });
  const auto depths = network.depths();
  std::int64_t last = 0;
  for (const auto& [name, depth] : depths) last = std::max(last, depth);
  for (const auto& [name, depth] : depths) {
    const auto found = out.find("network." + name);
    if (found == out.end()) continue;
    double& factor = found->second.lr_factor;
    factor = std::pow(settings.layer_decay, static_cast<double>(last - depth));
    if (name.starts_with(text(head, "."))) factor *= settings.head_lr;
  }
  out.merge(parameters_of(
      method, "method.", settings, [](const std::string&) { return true; },
      [](const std::string&, const torch::Tensor& p) { return p.dim() > 1; }));
  return out;
}

}  // namespace nescio::train
