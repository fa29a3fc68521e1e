#include "nn/autocast.h"

#include <ATen/autocast_mode.h>

#include "base/usage.h"

namespace nescio::nn {

Precision precision_on(const torch::Device& device, std::string_view name) {
  if (name == "tf32" && device.is_cpu()) {
    fail_usage("precision=tf32 is one of GPUs, and the device is ", device.str());
  }
  if (name == "tf32") return Precision::tf32;
  return name == "bfloat16" ? Precision::bfloat16 : Precision::float32;
}

Bfloat16::Bfloat16(at::DeviceType device, bool wanted)
    : device_(device),
      wanted_(wanted),
      enabled_(at::autocast::is_autocast_enabled(device)),
      type_(at::autocast::get_autocast_dtype(device)) {
  if (!wanted_) return;
  at::autocast::set_autocast_dtype(device, at::kBFloat16);
  at::autocast::set_autocast_enabled(device, true);
  at::autocast::increment_nesting();
}

Bfloat16::~Bfloat16() {
  if (!wanted_) return;
  // The weights in bfloat16 are of this pass; the next one has others.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, enabled_);
  at::autocast::set_autocast_dtype(device_, type_);
}

FullPrecision::FullPrecision(at::DeviceType device)
    : device_(device), enabled_(at::autocast::is_autocast_enabled(device)) {
  at::autocast::set_autocast_enabled(device, false);
}

FullPrecision::~FullPrecision() { at::autocast::set_autocast_enabled(device_, enabled_); }

NetworkOutputs forward_in_bfloat16(Network& network, const torch::Tensor& images) {
  const Bfloat16 guard(images.device().type());
  const NetworkOutputs out = network.forward(images);
  return {out.logits.to(torch::kFloat32), out.features.to(torch::kFloat32)};
}

}  // namespace nescio::nn
