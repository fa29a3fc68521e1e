// How well a network that is being trained does on pictures that it does not learn from.
#pragma once

#include "base/progress.h"
#include "image/dataset.h"
#include "image/loader.h"
#include "image/preprocessing.h"
#include "nn/network.h"

namespace nescio::train {

/// Copies without waiting for what the device is doing.
torch::Tensor to_device(const torch::Tensor& tensor, const torch::Device& device);

/// The pictures of a batch as a network on `device` reads them, [count, 3, height, width].
torch::Tensor to_tensor(const image::ImageBatch& batch, const image::Preprocessing& preprocessing,
                        const torch::Device& device);

struct Validation {
  double loss = 0;      // mean cross-entropy
  double accuracy = 0;  // share whose largest logit is the label's
};

/// One pass in evaluation mode; the network is in training mode afterwards.
/// Interrupted if Ctrl-C is pressed.
Validation validate(nn::Network& network, const image::Dataset& dataset,
                    const image::Preprocessing& preprocessing, const torch::Device& device,
                    const image::LoaderOptions& options, const Progress& progress);

}  // namespace nescio::train
