// Sums over processes of tensors that lie on their GPUs.
#pragma once

#include <memory>

#include "base/communicator.h"
#include "nn/torch.h"

namespace nescio::nn {

/// NCCL, which libtorch brings along: the numbers go from GPU to GPU, and no host waits for them. All processes call
/// the same functions in the same order. Every process gets the same bits; other than those of Communicator::sum
/// they depend on the order that NCCL chooses for these GPUs. If a process ends in the middle of a sum the GPUs of
/// the others wait until their launcher ends them.
class DeviceSums {
 public:
  /// Null, in all processes alike, where one of them works on no GPU, two share one, or this build has nothing to
  /// reach NCCL with. Error if NCCL cannot connect them.
  static std::unique_ptr<DeviceSums> over(Communicator& processes, const torch::Device& device);
  ~DeviceSums();
  DeviceSums(const DeviceSums&) = delete;
  DeviceSums& operator=(const DeviceSums&) = delete;

  /// Each `values`, float32 and contiguous, becomes the sum over the processes, as soon as the device has done what
  /// the current stream was asked before.
  void sum(torch::Tensor values);
  /// What the current stream is asked from now on waits for the sums.
  void wait();

 private:
  struct Connection;
  explicit DeviceSums(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace nescio::nn
