// Weights files, and whether they belong to a network.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "io/torch_file.h"
#include "nn/model.h"

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

/// The names with their beginnings replaced, where each of them begins with a `from`; nothing else.
std::optional<std::map<std::string, Array>> renamed(const std::map<std::string, Array>& tensors,
                                                    const std::vector<Renaming>& names);

/// Tensors under a network's own names, and the input that they were trained on as far as their
/// names in the file tell.
struct NamedWeights {
  std::map<std::string, Array> tensors;
  image::Preprocessing preprocessing;
};
NamedWeights own_names(const NetworkInfo& info, const std::map<std::string, Array>& tensors);

/// What a network has.
struct ExpectedTensors {
  std::map<std::string, Shape> shapes;
  std::set<std::string> optional;  // may be missing in a file
};

/// What a network of the catalogue has with so many classes. Cost: makes the network.
ExpectedTensors expected_tensors(const NetworkInfo& info, std::int64_t classes);

/// What is missing, what is too much and what has another shape, a dozen of each; empty if names
/// and shapes agree.
std::string differences(const ExpectedTensors& expected, const std::map<std::string, Array>& found);

}  // namespace nescio::nn
