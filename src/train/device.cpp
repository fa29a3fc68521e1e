#include "train/device.h"

namespace nescio::train {

torch::Tensor to_device(const torch::Tensor& tensor, const torch::Device& device) {
  if (device.is_cpu()) return tensor;
  // Only what lies in pinned memory is copied while the device works.
  return tensor.pin_memory().to(torch::TensorOptions(device), /*non_blocking=*/true);
}

Upload::Upload(const image::Preprocessing& preprocessing, const torch::Device& device,
               torch::MemoryFormat format)
    : preprocessing_(preprocessing), device_(device), format_(format) {
  const auto tables = image::Preprocessor(preprocessing).tables();
  const auto planes = static_cast<std::int64_t>(tables.size());
  table_ = torch::empty({planes, 256});
  for (std::int64_t p = 0; p < planes; ++p) {
    const auto& values = tables[static_cast<std::size_t>(p)];
    std::copy(values.begin(), values.end(), table_[p].data_ptr<float>());
  }
  table_ = table_.flatten().to(device);
  columns_ = torch::arange(0, 256 * planes, 256, torch::kInt32).to(device);
}

torch::Tensor Upload::operator()(const image::ImageBatch& batch, std::int64_t views) const {
  const image::Preprocessing& p = preprocessing_;
  const auto side = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  const std::int64_t planes = side(p.planes()), height = side(p.height), width = side(p.width);
  const std::int64_t each = planes * height * width, count = side(batch.count);
  const bool bytes = !batch.bytes.empty();
  const std::int64_t values = side(bytes ? batch.bytes.size() : batch.images.size());
  const std::int64_t rows = values / (views * each);
  if (!bytes) {
    const torch::Tensor all = torch::from_blob(const_cast<float*>(batch.images.data()),
                                               {views, rows, planes, height, width});
    return to_device(all.slice(1, 0, count).reshape({views * count, planes, height, width}),
                     device_)
        .contiguous(format_);
  }
  const torch::Tensor all = torch::from_blob(const_cast<std::uint8_t*>(batch.bytes.data()),
                                             {views, rows, height, width, planes}, torch::kUInt8);
  const torch::Tensor there =
      to_device(all.slice(1, 0, count).reshape({views * count, height, width, planes}), device_);
  const torch::Tensor places = there.to(torch::kInt32) + columns_;
  return table_.index_select(0, places.flatten())
      .view({views * count, height, width, planes})
      .permute({0, 3, 1, 2})
      .contiguous(format_);
}

image::Image to_picture(const torch::Tensor& image, const image::Preprocessing& preprocessing) {
  const auto planes = image.size(0);
  const auto of_planes = [&](const std::vector<double>& values) {
    return torch::tensor(values, torch::kFloat64).view({planes, 1, 1});
  };
  torch::Tensor bytes = (image.to(torch::kCPU, torch::kFloat64) * of_planes(preprocessing.std) +
                         of_planes(preprocessing.mean)) *
                        255;
  if (preprocessing.channels == "bgr") bytes = bytes.flip(0);
  bytes = bytes.round().clamp(0, 255).to(torch::kUInt8).contiguous();
  return image::from_planes(bytes.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(planes),
                            static_cast<std::size_t>(bytes.size(1)),
                            static_cast<std::size_t>(bytes.size(2)));
}

}  // namespace nescio::train
