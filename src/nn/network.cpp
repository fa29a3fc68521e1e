#include "nn/network.h"

#include <torch/cuda.h>

#include "base/threads.h"
#include "base/usage.h"
#include "nn/depth.h"

namespace nescio::nn {
namespace {

DType dtype_of(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32: return DType::float32;
    case torch::kFloat64: return DType::float64;
    case torch::kInt64: return DType::int64;
    case torch::kInt32: return DType::int32;
    case torch::kUInt8: return DType::uint8;
    case torch::kBool: return DType::boolean;
    default: fail("tensors of type ", torch::toString(tensor.scalar_type()), " cannot be stored");
  }
}

Array as_type(const Array& array, DType type) {
  if (array.dtype() == type) return array;
  if (type == DType::float32) return array.to_float32();
  if (type == DType::float64) return array.to_float64();
  if (type == DType::int64) return array.to_int64();
  fail("expected ", name_of(type), ", found ", name_of(array.dtype()));
}

}  // namespace

NetworkOutputs Network::forward_with(Taps& taps, const torch::Tensor& images) {
  if (!taps.empty()) fail("the network gives no values between its layers");
  return forward(images);
}

NetworkOutputs Network::forward_from(const std::string& tap, const torch::Tensor&) {
  fail("the network has no tap '", tap, "' to begin at");
}

std::vector<PooledTap> Network::pooled_taps() const {
  const auto mean = [](const torch::Tensor& x) {
    return x.dim() == 4 ? x.mean({2, 3}) : x.dim() == 3 ? x.mean(1) : x;
  };
  std::vector<PooledTap> taps;
  for (const std::string& name : tap_names()) taps.push_back({name, name, mean});
  return taps;
}

std::map<std::string, std::int64_t> Network::depths() const { return depths_of(*this); }

Shape shape_of(const torch::Tensor& tensor) {
  return Shape(tensor.sizes().begin(), tensor.sizes().end());
}

Array to_array(const torch::Tensor& tensor) {
  const auto owner = std::make_shared<const torch::Tensor>(tensor.detach().cpu().contiguous());
  return {dtype_of(*owner), shape_of(*owner), owner, owner->data_ptr()};
}

torch::MemoryFormat format_for(const torch::Device& device, Precision precision) {
  // 15 % for ResNet-20 on a CPU where the channels of a pixel lie together; so do the tensor cores of
  // a GPU read what is in bfloat16.
  return device.is_cpu() || precision == Precision::bfloat16 ? torch::MemoryFormat::ChannelsLast
                                                             : torch::MemoryFormat::Contiguous;
}

std::map<std::string, torch::Tensor> tensors_of(const torch::nn::Module& network) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : network.named_parameters()) tensors.emplace(item.key(), item.value());
  for (const auto& item : network.named_buffers()) tensors.emplace(item.key(), item.value());
  return tensors;
}

ExpectedTensors expected_tensors(const std::map<std::string, torch::Tensor>& tensors) {
  ExpectedTensors expected;
  for (const auto& [name, tensor] : tensors) {
    expected.shapes.emplace(name, shape_of(tensor));
    // Counts the training steps of a normalisation; old files have none and nobody reads it here.
    if (name.ends_with("num_batches_tracked")) expected.optional.insert(name);
  }
  return expected;
}

ExpectedTensors expected_tensors(const DesignedNetwork& network, std::int64_t classes) {
  return expected_tensors(tensors_of(*network.design->outline(classes)));
}

void copy_weights(const std::map<std::string, Array>& from,
                  const std::map<std::string, torch::Tensor>& to, std::string_view where) {
  if (const std::string found = differences(expected_tensors(to), from); !found.empty()) {
    fail(where, ": these are the weights of another network, so nothing was loaded; ", found);
  }
  const torch::NoGradGuard no_gradients;
  for (const auto& [name, tensor] : to) {
    const auto it = from.find(name);
    if (it == from.end()) continue;
    const Array values = as_type(it->second, dtype_of(tensor));
    // from_blob wants a pointer to what may be changed; copy_ only reads.
    torch::Tensor(tensor).copy_(torch::from_blob(const_cast<void*>(values.data()), tensor.sizes(),
                                                 torch::dtype(tensor.scalar_type())));
  }
}

torch::Device find_device(std::string_view name) {
  const std::size_t count =
      torch::cuda::is_available() ? static_cast<std::size_t>(torch::cuda::device_count()) : 0;
  if (name == "auto") return count > 0 ? torch::Device("cuda:0") : torch::Device("cpu");
  if (name == "cpu") return {"cpu"};
  if (name != "cuda" && !name.starts_with("cuda:")) {
    fail_usage("device: expected auto, cpu, cuda or cuda:N, found '", name, "'");
  }
  const long long number =
      name == "cuda" ? 0 : as_usage([&] { return parse_integer(name.substr(5), "device"); });
  if (number < 0 || static_cast<std::size_t>(number) >= count) {
    fail("device ", name, ": not there; found ", count,
         " CUDA devices, so use device=cpu or device=auto");
  }
  return {torch::kCUDA, static_cast<torch::DeviceIndex>(number)};
}

void move_to(torch::nn::Module& network, const torch::Device& device, Precision precision) {
  const torch::NoGradGuard no_gradients;
  network.to(device);
  for (torch::Tensor& kernel : network.parameters()) {
    if (kernel.dim() == 4) kernel.set_data(kernel.contiguous(format_for(device, precision)));
  }
  // Ten bits of mantissa are faster, but not the published network.
  at::globalContext().setAllowTF32CuDNN(precision == Precision::tf32);
  at::globalContext().setAllowTF32CuBLAS(precision == Precision::tf32);
  at::globalContext().setDeterministicCuDNN(true);
}

void use_our_threads() {
  // Asked first: libtorch sets OpenMP's number to its own default when a thread first asks for it.
  const int threads = thread_count();
  if (at::get_num_threads() != threads) at::set_num_threads(threads);
}

}  // namespace nescio::nn
