// What a user should know about the pictures of a data set before they are used.
#pragma once

#include "cli/verb.h"
#include "image/datasets/dataset.h"

namespace nescio::cli {

/// Warns of what Dataset::notices() says and of the pictures that were left out because they are
/// broken. Cost: Dataset::hash().
void warn_of_pictures(const image::Dataset& dataset, const Console& console);

}  // namespace nescio::cli
