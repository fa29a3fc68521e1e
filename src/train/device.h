// Pictures and numbers on their way to the device of a network.
#pragma once

#include "image/loader.h"
#include "image/preprocessing.h"
#include "nn/network.h"

namespace nescio::train {

/// Copies without waiting for what the device is doing.
torch::Tensor to_device(const torch::Tensor& tensor, const torch::Device& device);

/// The pictures of a batch as a network on `device` reads them, [count, planes, height, width].
torch::Tensor to_tensor(const image::ImageBatch& batch, const image::Preprocessing& preprocessing,
                        const torch::Device& device);

}  // namespace nescio::train
