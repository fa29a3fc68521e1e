// The weights that a run starts from.
#pragma once

#include "nn/model_source.h"
#include "nn/network.h"

namespace nescio::train {

/// Puts the weights of `source`, if it has some, into a network made for `classes`. With `new_head`
/// its last layer stays as it was made. Error if names or shapes differ, and for another number of
/// classes.
void load_start_weights(const nn::Network& network, const nn::ModelSource& source,
                        std::int64_t classes, bool new_head);

}  // namespace nescio::train
