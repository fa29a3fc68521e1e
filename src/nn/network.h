// What a network is made of; needs libtorch.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nn/torch.h"

#include "base/array.h"
#include "nn/weights.h"

namespace nescio::nn {

class Model;

struct NetworkOutputs {
  torch::Tensor logits;    // [B, C]
  torch::Tensor features;  // [B, D]: what the last layer reads
};

/// Values between layers that somebody asks for, by name; a pass fills them in.
using Taps = std::map<std::string, torch::Tensor>;

/// A tap as one row of numbers a picture.
struct PooledTap {
  std::string name;
  std::string tap;                                          // of Network::tap_names()
  std::function<torch::Tensor(const torch::Tensor&)> pool;  // [B, ...] -> [B, width]
};

/// A module whose parameters carry the names of the published weights.
class Network : public torch::nn::Module {
 public:
  /// `images` is [B, planes, height, width].
  virtual NetworkOutputs forward(const torch::Tensor& images) = 0;
  /// What can be asked for, from the pictures on.
  virtual std::vector<std::string> tap_names() const { return {}; }
  /// What of it can be had pooled: each tap's mean over pixels or tokens, unless a network knows better.
  virtual std::vector<PooledTap> pooled_taps() const;
  /// Error unless pictures of this size go through, where that is not a matter of
  /// NetworkInfo::min_side and max_side.
  virtual void check_pictures(std::int64_t /*height*/, std::int64_t /*width*/) const {}
  /// The same pass, which puts the values that `taps` names there: [B, ...].
  virtual NetworkOutputs forward_with(Taps& taps, const torch::Tensor& images);

  /// The layer of every parameter, 0 next to the pictures; as depths_of() sees it.
  virtual std::map<std::string, std::int64_t> depths() const;
  /// Whether weight decay pulls at a parameter where it pulls at kernels only.
  virtual bool decays(const std::string& /*name*/, const torch::Tensor& value) const {
    return value.dim() > 1;
  }
};

/// What a model runs, in evaluation mode. Its parameters ask for no gradients; pictures may.
Network& network_of(const Model& model);

Shape shape_of(const torch::Tensor& tensor);

/// Shares the tensor's memory where it lies in order and on the CPU. Error for types that DType has
/// not.
Array to_array(const torch::Tensor& tensor);

/// Parameters and buffers by name; they share memory with the network's.
std::map<std::string, torch::Tensor> tensors_of(const torch::nn::Module& network);

/// What a file has to hold for these.
ExpectedTensors expected_tensors(const std::map<std::string, torch::Tensor>& tensors);

/// Copies `from` into tensors of the same names. Error, beginning with `where`, if names or shapes
/// differ; nothing is copied in part.
void copy_weights(const std::map<std::string, Array>& from,
                  const std::map<std::string, torch::Tensor>& to, std::string_view where);

/// auto (CUDA where there is a device), cpu, cuda or cuda:N. Error if it is not there.
torch::Device find_device(std::string_view name);

/// In how many digits a network computes: products of ten bits on a GPU (tf32), or of eight
/// (nn/autocast.h). What it is made of and what it says have all of float32.
enum class Precision { float32, tf32, bfloat16 };

/// The order in memory in which convolutions are fastest on a device.
torch::MemoryFormat format_for(const torch::Device& device,
                               Precision precision = Precision::float32);

/// Moves a network to a device, its kernels in the order that is fastest there, and has libtorch
/// compute there in so many digits and with the same bits each time.
void move_to(torch::nn::Module& network, const torch::Device& device,
             Precision precision = Precision::float32);

/// Lets libtorch use thread_count() threads.
void use_our_threads();

}  // namespace nescio::nn
