// Which parameters are trained, and how those differ that are.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "train/method.h"
#include "train/settings.h"

namespace nescio::train {

struct TrainedParameter {
  torch::Tensor tensor;
  double lr_factor = 1;  // of the step's learning rate
  double weight_decay = 0;
};

using TrainedParameters = std::map<std::string, TrainedParameter>;

/// The parameters that ask for gradients and that the method trains, as "network.NAME" and "method.NAME".
/// The learning rate of layer l of L (Network::depths()) is multiplied by layer_decay^(L - 1 - l), that of
/// the layer `head` by head_lr; those of the method have none of both. With weight_decay_on=kernels
/// what does not decay (Network::decays(): biases, normalisation) has no weight decay.
TrainedParameters trained_parameters(const TrainSettings& settings, const nn::Network& network,
                                     std::string_view head, const TrainingMethod& method);

}  // namespace nescio::train
