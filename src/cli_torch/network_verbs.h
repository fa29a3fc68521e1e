// The verbs that run a network, with all their options.
#pragma once

#include <vector>

#include "cli/verb.h"

namespace nescio::cli::network_verbs {

/// By name (generated). Not in namespace verbs, where the program's stand-ins have the same names.
const std::vector<VerbInfo>& catalogue();

}  // namespace nescio::cli::network_verbs
