// What the bits of a run depend on besides its settings.
#pragma once

#include <map>
#include <string>

namespace nescio::train {

/// "machine", "processor", "build", "threads", "device".
std::map<std::string, std::string> conditions_of_this_run(const std::string& device);

}  // namespace nescio::train
