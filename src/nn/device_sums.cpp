#include "nn/device_sums.h"

#ifdef NESCIO_NCCL
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <torch/csrc/cuda/nccl.h>

#include <algorithm>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/exception_text.h"
#include "base/shares.h"
#endif

namespace nescio::nn {

#ifdef NESCIO_NCCL
namespace {

namespace nccl = torch::cuda::nccl;

/// What each process has, [size][each], known to all.
std::vector<std::vector<float>> of_all(Communicator& processes, const std::vector<float>& own) {
  const auto size = static_cast<std::size_t>(processes.size());
  std::vector<float> all(own.size() * size);
  const Share mine{own.size() * static_cast<std::size_t>(processes.rank()), own.size()};
  std::ranges::copy(own, all.begin() + static_cast<std::ptrdiff_t>(mine.first));
  gather(processes, std::span(all), mine);
  std::vector<std::vector<float>> out;
  for (std::size_t r = 0; r < size; ++r) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(r * own.size());
    out.emplace_back(first, first + static_cast<std::ptrdiff_t>(own.size()));
  }
  return out;
}

/// The bytes as numbers, which are summed.
template <std::size_t N>
std::vector<float> numbers(const char (&bytes)[N]) {
  std::vector<float> out;
  for (const char byte : bytes) out.push_back(static_cast<float>(static_cast<unsigned char>(byte)));
  return out;
}

/// Whether each process has a GPU that no other has.
bool each_has_one(Communicator& processes, const torch::Device& device) {
  std::vector<float> own(sizeof(cudaUUID_t) + 1, 0.0F);
  if (device.is_cuda()) {
    own = numbers(at::cuda::getDeviceProperties(device.index())->uuid.bytes);
    own.push_back(1);
  }
  const auto all = of_all(processes, own);
  return std::set(all.begin(), all.end()).size() == all.size() &&
         std::ranges::all_of(all, [](const auto& gpu) { return gpu.back() == 1; });
}

}  // namespace

struct DeviceSums::Connection {
  at::cuda::CUDAStream stream;
  nccl::ncclComm_t group;
};

std::unique_ptr<DeviceSums> DeviceSums::over(Communicator& processes, const torch::Device& device) {
  if (processes.size() == 1 || !each_has_one(processes, device)) return nullptr;
  nccl::ncclUniqueId word{};
  std::vector<float> said(sizeof word.internal, 0.0F);
  try {
    if (processes.is_first()) {
      nccl::get_unique_id(word);
      said = numbers(word.internal);
    }
    said = of_all(processes, said).front();
    std::ranges::transform(said, word.internal, [](float byte) {
      return static_cast<char>(static_cast<unsigned char>(byte));
    });
    const c10::cuda::CUDAGuard on(device);
    std::unique_ptr<Connection> connection(new Connection{
        .stream = at::cuda::getStreamFromPool(/*isHighPriority=*/true, device.index()),
        .group = nccl::comm_init_rank(processes.size(), word, processes.rank())});
    return std::unique_ptr<DeviceSums>(new DeviceSums(std::move(connection)));
  } catch (const std::exception& e) {
    fail("process ", processes.rank(), " of ", processes.size(), ", on ", device.str(),
         ", is not connected with the others by NCCL: ", exception_text(e));
  }
}

DeviceSums::~DeviceSums() { nccl::comm_destroy(connection_->group); }

void DeviceSums::sum(torch::Tensor values) {
  at::cuda::CUDAEvent made;
  made.record(at::cuda::getCurrentCUDAStream(values.device().index()));
  made.block(connection_->stream);
  std::vector<torch::Tensor> sums = {values};
  nccl::all_reduce(sums, sums, static_cast<int>(nccl::ncclRedOp::Sum), {connection_->stream},
                   {connection_->group});
}

void DeviceSums::wait() {
  at::cuda::CUDAEvent summed;
  summed.record(connection_->stream);
  summed.block(at::cuda::getCurrentCUDAStream(connection_->stream.device_index()));
}

#else

struct DeviceSums::Connection {};

std::unique_ptr<DeviceSums> DeviceSums::over(Communicator&, const torch::Device&) {
  return nullptr;
}

DeviceSums::~DeviceSums() = default;
void DeviceSums::sum(torch::Tensor) {}
void DeviceSums::wait() {}

#endif

DeviceSums::DeviceSums(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

}  // namespace nescio::nn
