#include "train/fixed_mask.h"

namespace nescio::train {

void FixedMask::on_make(const MadeFor& made_for) {
  for (const auto& item : kernels_of(made_for.network)) {
    masks_[item.first] = register_buffer(registered_name("mask", item.first),
                                         torch::ones_like(item.second.detach()));
  }
}

void FixedMask::on_fresh_start(const RunStart& start) {
  const torch::NoGradGuard no_gradients;
  const Tensors kernels = kernels_of(start.network);
  for (const auto& item : masks_of(scores(kernels), {.keep = keep, .scope = scope})) {
    masks_.at(item.first).copy_(item.second);
  }
  put_masked(start.network, kernels, masks_);
}

void FixedMask::before_update(nn::Network& network) {
  const torch::NoGradGuard no_gradients;
  for (const auto& item : kernels_of(network)) {
    if (item.second.grad().defined()) item.second.grad().mul_(masks_.at(item.first));
  }
}

std::map<std::string, Tensors> FixedMask::further_files(const nn::Network&) const {
  Tensors mask;
  for (const auto& item : masks_) mask.emplace(item.first, item.second.to(torch::kUInt8));
  return {{"mask", mask}};
}

}  // namespace nescio::train
