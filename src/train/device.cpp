#include "train/device.h"

namespace nescio::train {

torch::Tensor to_device(const torch::Tensor& tensor, const torch::Device& device) {
  if (device.is_cpu()) return tensor;
  // Only what lies in pinned memory is copied while the device works.
  return tensor.pin_memory().to(torch::TensorOptions(device), /*non_blocking=*/true);
}

torch::Tensor to_tensor(const image::ImageBatch& batch, const image::Preprocessing& p,
                        const torch::Device& device) {
  const torch::Tensor pictures = torch::from_blob(
      const_cast<float*>(batch.images.data()),
      {static_cast<std::int64_t>(batch.count), static_cast<std::int64_t>(p.planes()),
       static_cast<std::int64_t>(p.height), static_cast<std::int64_t>(p.width)});
  return to_device(pictures, device).contiguous(nn::format_for(device));
}

}  // namespace nescio::train
