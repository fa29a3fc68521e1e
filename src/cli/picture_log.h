// What a user should know about the pictures of a data set before they are used.
#pragma once

#include <iosfwd>

#include "image/dataset.h"

namespace nescio {

/// Says which pictures were left out because they are broken, and what Dataset::remarks() says.
/// Cost: Dataset::hash().
void log_pictures(const Dataset& dataset, std::ostream& log);

}  // namespace nescio
