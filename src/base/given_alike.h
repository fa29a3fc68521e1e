// What all processes of a job have to be given alike.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/communicator.h"

namespace nescio {

/// Error in all of them, unless each process gives the same values by the same names in the same order: what is summed
/// afterwards would be of different jobs. All call it before they sum anything else.
void require_alike(Communicator& processes,
                   const std::vector<std::pair<std::string, std::string>>& given);

}  // namespace nescio
