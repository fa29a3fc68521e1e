#include "train/ema.h"

namespace nescio::train {

Ema::Ema(double decay, const nn::Network& network) : decay_(decay) {
  if (decay == 0) return;
  for (const auto& item : network.named_parameters()) {
    names_.push_back(item.key());
    parameters_.push_back(item.value());
    means_.push_back(item.value().detach().clone());
  }
}

void Ema::update(std::int64_t number) {
  if (means_.empty()) return;
  const torch::NoGradGuard no_gradients;
  at::_foreach_lerp_(means_, parameters_, number == 0 ? 1 : 1 - decay_);
}

std::map<std::string, torch::Tensor> Ema::state() const {
  std::map<std::string, torch::Tensor> out;
  for (std::size_t i = 0; i < names_.size(); ++i) out.emplace(names_[i], means_[i]);
  return out;
}

void Ema::exchange() {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const torch::Tensor own = parameters_[i].detach();
    parameters_[i].set_data(means_[i]);
    means_[i] = own;
  }
}

}  // namespace nescio::train
