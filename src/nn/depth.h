// How deep in a network each parameter lies.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "nn/torch.h"

namespace nescio::nn {

/// The layer of every parameter, 0 next to the pictures. It follows from the order in which a
/// network registers its modules, which is that in which they run: each one with a kernel is a
/// layer (a block, a stem, the head), and so is each in a Sequential, a ModuleList or a module that
/// only wraps another. What has no kernel (normalisation) belongs to the layer before it, and
/// parameters of the network itself (a class token) to the first.
std::map<std::string, std::int64_t> depths_of(const torch::nn::Module& network);

}  // namespace nescio::nn
