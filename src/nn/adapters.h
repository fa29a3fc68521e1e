// What adapters of weights files are made of.
#pragma once

#include <string>
#include <vector>

#include "nn/network_info.h"

namespace nescio::nn {

/// A name that begins with `from` begins with `to` in the network.
struct Renaming {
  std::string from, to;
};

/// Replaces the beginning of every name, by the first rule that fits it; reads a file only if each of
/// its names begins with a `from`.
decltype(Adapter::read) renaming(std::vector<Renaming> rules);

}  // namespace nescio::nn
