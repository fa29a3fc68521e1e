// Pictures and numbers on their way to the device of a network.
#pragma once

#include "image/loading/loader.h"
#include "image/preprocessing.h"
#include "nn/network.h"

namespace nescio::train {

/// Copies without waiting for what the device is doing.
torch::Tensor to_device(const torch::Tensor& tensor, const torch::Device& device);

/// Brings the pictures of batches to a device. To a GPU they go as bytes, a quarter of what floats are,
/// and are normalised there by the preprocessor's tables: the same bits.
class Upload {
 public:
  Upload(const image::Preprocessing& preprocessing, const torch::Device& device,
         torch::MemoryFormat format);

  const torch::Device& device() const { return device_; }
  /// What pictures go through on their way.
  const image::Preprocessing& preprocessing() const { return preprocessing_; }
  /// Whether the loader shall give bytes (LoaderOptions::bytes). Batches of floats are taken as well.
  bool wants_bytes() const { return !device_.is_cpu(); }
  /// [views * count, planes, height, width] as the network reads them: all of the first view, then
  /// those of the next.
  torch::Tensor operator()(const image::ImageBatch& batch, std::int64_t views = 1) const;

 private:
  image::Preprocessing preprocessing_;
  torch::Device device_;
  torch::MemoryFormat format_;
  torch::Tensor table_;    // [planes * 256]
  torch::Tensor columns_;  // [planes]: where that of a plane begins
};

/// What a network reads [planes, height, width], as a picture again: times std, plus mean, cut to bytes.
image::Image to_picture(const torch::Tensor& image, const image::Preprocessing& preprocessing);

}  // namespace nescio::train
