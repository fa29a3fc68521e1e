// Masks over the kernels of a network: which of their values stay and which are 0.
//
// A kernel is a parameter that decays (Network::decays()): of convolutions and linear layers, whatever the
// network calls them. Biases and normalisation are never masked. Maps are by the names of parameters.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/parameters.h"
#include "nn/network.h"

namespace nescio::train {

using Tensors = std::map<std::string, torch::Tensor>;

/// A name under which a module can register something that belongs to a parameter: without its dots.
std::string registered_name(const std::string& kind, std::string parameter);

/// How many values of a network's kernels stay.
struct MaskSettings {
  double keep = 1;              // share of them, in (0, 1]
  std::string scope = "layer";  // "layer": of each kernel; "global": of all together
};

/// The kernels of a network; they share its memory. Error if it has none.
Tensors kernels_of(const nn::Network& network);

/// Scores of kernels as if they were kernels that start as He et al. have it with a slope of sqrt(5):
/// uniform in +-1 / sqrt(fan_in), from libtorch's random numbers in the order of the names.
Tensors random_scores(const Tensors& kernels);

/// 0 at the trunc((1 - keep) n) of n values whose |score| is smallest, 1 elsewhere, of the scores' type;
/// of equal ones those that come first are 0. By selection, O(n).
Tensors masks_of(const Tensors& scores, const MaskSettings& settings);

/// Puts `kernels` times `masks` into the network.
void put_masked(nn::Network& network, const Tensors& kernels, const Tensors& masks);

/// Has a network compute with other tensors as long as it lives, and with its own again afterwards, bit
/// for bit. `others` are by the names of nn::tensors_of(); what the network changes in buffers stays in
/// them.
class Swapped {
 public:
  Swapped(nn::Network& network, const Tensors& others);
  ~Swapped();
  Swapped(const Swapped&) = delete;
  Swapped& operator=(const Swapped&) = delete;

 private:
  std::vector<std::pair<torch::Tensor, torch::Tensor>> own_;  // tensor, what it held
};

/// The parameters `keep` and `scope` of whatever takes MaskSettings.
ParameterInfo keep_parameter();
ParameterInfo scope_parameter();

}  // namespace nescio::train
