// Weights files, and whether they belong to a network.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/array.h"

namespace nescio {

/// The tensors of a file by name, without the "module." that data parallel training puts before
/// each of them.
struct Weights {
  std::map<std::string, Array> tensors;
  std::string sha256;  // of the file
};

/// Reads safetensors and both forms of torch.save (.pth, .pt, .th); the first bytes say which.
Weights read_weights(const std::filesystem::path& path);

/// What a network has.
struct ExpectedTensors {
  std::map<std::string, Shape> shapes;
  std::set<std::string> optional;  // may be missing in a file
};

/// Error, beginning with `where`, that lists what is missing, what is too much and what has
/// another shape, unless the names and shapes agree.
void check_weights(const ExpectedTensors& expected, const std::map<std::string, Array>& found,
                   std::string_view where);

}  // namespace nescio
