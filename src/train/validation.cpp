#include "train/validation.h"

#include "base/interrupt.h"

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

Validation validate(nn::Network& network, const image::Dataset& dataset,
                    const image::Preprocessing& preprocessing, const torch::Device& device,
                    const image::LoaderOptions& options, const Progress& progress) {
  const torch::NoGradGuard no_gradients;
  network.eval();
  image::Loader loader(dataset, preprocessing, options);
  std::int64_t right = 0;
  double loss = 0;
  std::size_t seen = 0;
  for (image::ImageBatch batch; loader.next(batch); seen += batch.count) {
    check_interrupt();
    if (progress) progress("validating", seen, dataset.size());
    const torch::Tensor logits = network.forward(to_tensor(batch, preprocessing, device)).logits;
    const torch::Tensor labels = to_device(torch::tensor(batch.labels), device);
    right += logits.argmax(1).eq(labels).sum().item<std::int64_t>();
    loss += at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum).item<double>();
  }
  network.train();
  const auto count = static_cast<double>(seen);
  return {loss / count, static_cast<double>(right) / count};
}

}  // namespace nescio::train
