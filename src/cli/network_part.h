// What the part that runs networks answers to the rest of the program.
//
// cli_torch/network_part.cpp is linked where libtorch is there, no_network_part.cpp elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/description.h"

namespace nescio {

/// "2.13.0", or "no libtorch".
std::string libtorch_version();
/// The networks that can be loaded; empty without libtorch.
std::optional<std::vector<Description>> describe_networks();

}  // namespace nescio
