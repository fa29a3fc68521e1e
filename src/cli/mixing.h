// A network's answers along the way from ID pictures to outliers.
#pragma once

#include <cstdint>

#include "base/progress.h"
#include "image/datasets/dataset.h"
#include "report/mixing.h"
#include "runtime/backbone.h"

namespace nescio::cli {

/// Draws `pairs` pictures of either set (fewer where one is smaller) without replacement by `seed`,
/// and lets the network read each pair, mixed in steps of 0.1 after normalisation. Cost: 11 passes
/// of the network for each pair. `role` is what the outliers' group is called.
report::Mixing measure_mixing(const runtime::Backbone& network, const image::Dataset& id,
                              const image::Dataset& outliers, std::size_t pairs, std::uint64_t seed,
                              const std::string& role, const Progress& progress = {});

}  // namespace nescio::cli
