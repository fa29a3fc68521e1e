#include "train/masks.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace nescio::train {
namespace {

std::int64_t removed_of(std::int64_t count, double keep) {
  return static_cast<std::int64_t>((1.0 - keep) * static_cast<double>(count));
}

/// Of scores in one row.
torch::Tensor mask_of(const torch::Tensor& scores, double keep) {
  const torch::Tensor size = scores.abs();
  const std::int64_t removed = removed_of(size.numel(), keep);
  torch::Tensor mask = torch::ones_like(size);
  if (removed == 0) return mask;
  if (!size.is_cpu()) {  // without waiting for the device
    const torch::Tensor smallest = std::get<1>(size.topk(removed, 0, /*largest=*/false));
    return mask.index_fill_(0, smallest, 0);
  }
  const torch::Tensor limit = std::get<0>(size.kthvalue(removed));
  mask = size.gt(limit).to(size.scalar_type());
  // Of those that equal the limit so many stay as there is room for.
  const std::int64_t too_many = (mask.eq(0).sum() - removed).item<std::int64_t>();
  if (too_many > 0) {
    const torch::Tensor equal = size.eq(limit).nonzero().flatten();
    mask.index_fill_(0, equal.slice(0, equal.size(0) - too_many), 1);
  }
  return mask;
}

}  // namespace

std::string registered_name(const std::string& kind, std::string parameter) {
  std::ranges::replace(parameter, '.', '/');
  return kind + "/" + parameter;
}

Tensors kernels_of(const nn::Network& network) {
  Tensors kernels;
  for (const auto& item : network.named_parameters()) {
    // Of convolutions and linear layers: tables of positions and of tokens are none.
    if (item.key().ends_with("weight") && network.decays(item.key(), item.value())) {
      kernels.emplace(item.key(), item.value());
    }
  }
  if (kernels.empty()) fail("the network has no kernels that could be masked");
  return kernels;
}

Tensors random_scores(const Tensors& kernels) {
  Tensors scores;
  for (const auto& item : kernels) {
    const double fan_in = static_cast<double>(item.second.numel() / item.second.size(0));
    const double bound = 1 / std::sqrt(fan_in);
    scores.emplace(item.first,
                   torch::empty(item.second.sizes(), torch::kFloat32).uniform_(-bound, bound));
  }
  return scores;
}

Tensors masks_of(const Tensors& scores, const MaskSettings& settings) {
  const torch::NoGradGuard no_gradients;
  Tensors masks;
  if (settings.scope == "layer") {
    for (const auto& item : scores) {
      masks.emplace(item.first,
                    mask_of(item.second.reshape({-1}), settings.keep).view(item.second.sizes()));
    }
    return masks;
  }
  std::vector<torch::Tensor> flat;
  for (const auto& item : scores) flat.push_back(item.second.reshape({-1}));
  const torch::Tensor all = mask_of(torch::cat(flat), settings.keep);
  std::int64_t first = 0;
  for (const auto& item : scores) {
    const std::int64_t count = item.second.numel();
    masks.emplace(item.first, all.slice(0, first, first + count).view(item.second.sizes()));
    first += count;
  }
  return masks;
}

void put_masked(nn::Network& network, const Tensors& kernels, const Tensors& masks) {
  const torch::NoGradGuard no_gradients;
  for (auto& item : kernels_of(network)) {
    torch::mul_out(item.second, kernels.at(item.first), masks.at(item.first));
  }
}

Swapped::Swapped(nn::Network& network, const Tensors& others) {
  const auto tensors = nn::tensors_of(network);
  for (const auto& item : others) {
    torch::Tensor ours = tensors.at(item.first);
    own_.emplace_back(ours, ours.detach());
    ours.set_data(item.second);
  }
}

Swapped::~Swapped() {
  for (auto& [tensor, data] : own_) tensor.set_data(data);
}

ParameterInfo keep_parameter() {
  return {.name = "keep",
          .doc = "share of the kernels' values that stay",
          .min = 0,
          .max = 1,
          .min_excluded = true};
}

ParameterInfo scope_parameter() {
  return {.name = "scope",
          .doc = "layer: the same share of each kernel; global: of all values together",
          .choices = {"layer", "global"}};
}

}  // namespace nescio::train
