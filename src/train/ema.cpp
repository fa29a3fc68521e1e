#include "train/ema.h"

namespace nescio::train {

Ema::Ema(double decay, const nn::Network& network) : decay_(decay) {
  if (decay == 0) return;
  const auto add = [this](const std::string& name, const torch::Tensor& tensor) {
    names_.push_back(name);
    own_.push_back(tensor);
    means_.push_back(tensor.detach().clone());
  };
  for (const auto& item : network.named_parameters()) add(item.key(), item.value());
  parameters_ = own_.size();
  for (const auto& item : network.named_buffers()) {
    if (item.value().is_floating_point()) add(item.key(), item.value());
  }
}

void Ema::update(std::int64_t number) {
  if (means_.empty()) return;
  const torch::NoGradGuard no_gradients;
  at::_foreach_lerp_(means_, own_, number == 0 ? 1 : 1 - decay_);
}

std::map<std::string, torch::Tensor> Ema::state() const {
  std::map<std::string, torch::Tensor> out;
  for (std::size_t i = 0; i < names_.size(); ++i) out.emplace(names_[i], means_[i]);
  return out;
}

std::vector<torch::Tensor> Ema::buffers() const {
  return {means_.begin() + static_cast<std::ptrdiff_t>(parameters_), means_.end()};
}

void Ema::exchange() {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const torch::Tensor own = own_[i].detach();
    own_[i].set_data(means_[i]);
    means_[i] = own;
  }
}

}  // namespace nescio::train
