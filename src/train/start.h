// What a run starts from: NETWORK or NETWORK:WEIGHTS.
#pragma once

#include <string>
#include <string_view>

#include "nn/model.h"
#include "nn/network.h"

namespace nescio {

/// "resnet20" of "resnet20:PATH".
std::string network_name(std::string_view model);

/// Puts the weights that `model` names, if it names some, into a network made for `classes`. With
/// `new_head` its last layer stays as it was made. Error if names or shapes differ, and for another
/// number of classes.
void load_start_weights(const Network& network, const NetworkInfo& info, std::string_view model,
                        std::int64_t classes, bool new_head);

}  // namespace nescio
