// Weights files, and whether they belong to a network.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/torch_file.h"
#include "nn/network_info.h"

namespace nescio::nn {

/// What a weights file holds.
struct Weights {
  std::vector<io::TensorGroup> groups;          // of safetensors one, with the key ""
  std::map<std::string, std::string> metadata;  // of safetensors
  std::string sha256;                           // of the file
};

/// Reads safetensors and both forms of torch.save (.pth, .pt, .th, .ckpt); the first bytes say which.
/// Error, which says what the file is instead, for others.
Weights read_weights(const std::filesystem::path& path);

/// Tensors laid out as a network has them, and the input that they were trained on as far as the file
/// tells by its layout.
struct NamedWeights {
  Tensors tensors;
  image::Preprocessing preprocessing;
};
/// What the first of the network's adapters makes of them that reads them; as they are if none does. A
/// last layer without a bias gets one of zeros, which computes the same.
NamedWeights adapted(const NetworkInfo& info, const Tensors& tensors, const ExpectedTensors& ours);

/// What a network has with so many classes. Cost: makes its outline.
ExpectedTensors expected_tensors(const DesignedNetwork& network, std::int64_t classes);

/// What is missing, what is too much and what has another shape, a dozen of each; empty if names
/// and shapes agree.
std::string differences(const ExpectedTensors& expected, const Tensors& found);

}  // namespace nescio::nn
