// A pass through a network in fewer digits.
#pragma once

#include "nn/network.h"

namespace nescio::nn {

/// That of precision=: float32, tf32 or bfloat16. UsageError for tf32 on a CPU.
Precision precision_on(const torch::Device& device, std::string_view name);

/// Convolutions and products run in bfloat16, by libtorch's autocast of the device, as long as it lives and
/// if it is `wanted`.
class Bfloat16 {
 public:
  explicit Bfloat16(at::DeviceType device, bool wanted = true);
  ~Bfloat16();
  Bfloat16(const Bfloat16&) = delete;
  Bfloat16& operator=(const Bfloat16&) = delete;

 private:
  at::DeviceType device_;
  bool wanted_, enabled_;
  at::ScalarType type_;
};

/// No autocast on the device as long as it lives: what must not lose digits within a pass that may.
class FullPrecision {
 public:
  explicit FullPrecision(at::DeviceType device);
  ~FullPrecision();
  FullPrecision(const FullPrecision&) = delete;
  FullPrecision& operator=(const FullPrecision&) = delete;

 private:
  at::DeviceType device_;
  bool enabled_;
};

/// As network.forward(), but convolutions and products run in bfloat16, by libtorch's autocast of
/// the pictures' device. Parameters and their gradients stay float32, and so are the outputs: a loss
/// never sees fewer digits. Half the memory for activations; faster where the processor has bfloat16.
NetworkOutputs forward_in_bfloat16(Network& network, const torch::Tensor& images);

}  // namespace nescio::nn
