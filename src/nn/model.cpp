#include "nn/model.h"

#include <torch/cuda.h>
#include <torch/version.h>

#include "base/error.h"
#include "base/threads.h"
#include "nn/network.h"
#include "nn/weights.h"

namespace nescio {
namespace {

Shape shape_of(const torch::Tensor& tensor) {
  return Shape(tensor.sizes().begin(), tensor.sizes().end());
}

/// Shares the tensor's memory where it lies in order and on the CPU.
Array to_array(const torch::Tensor& tensor) {
  const auto owner = std::make_shared<const torch::Tensor>(tensor.detach().cpu().contiguous());
  const DType type = owner->scalar_type() == torch::kInt64 ? DType::int64 : DType::float32;
  return {type, shape_of(*owner), owner, owner->data_ptr()};
}

/// Convolutions run faster on the CPU (15 % for ResNet-20) where the channels of a pixel lie together.
torch::MemoryFormat format_for(const torch::Device& device) {
  return device.is_cpu() ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
}

/// Parameters and buffers by name.
std::map<std::string, torch::Tensor> tensors_of(const Network& network) {
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

void copy_weights(const std::map<std::string, torch::Tensor>& to,
                  const std::map<std::string, Array>& from, const std::string& where) {
  check_weights(expected_tensors(to), from, where);
  for (const auto& [name, tensor] : to) {
    const auto it = from.find(name);
    if (it == from.end()) continue;
    const bool whole = tensor.scalar_type() == torch::kInt64;
    const Array values = whole ? it->second.to_int64() : it->second.to_float32();
    // from_blob wants a pointer to what may be changed; copy_ only reads.
    tensor.copy_(torch::from_blob(const_cast<void*>(values.data()), tensor.sizes(),
                                  torch::dtype(tensor.scalar_type())));
  }
}

torch::Device find_device(std::string_view name) {
  const std::size_t count =
      torch::cuda::is_available() ? static_cast<std::size_t>(torch::cuda::device_count()) : 0;
  if (name == "auto") return count > 0 ? torch::Device("cuda:0") : torch::Device("cpu");
  if (name == "cpu") return {"cpu"};
  if (name != "cuda" && !name.starts_with("cuda:")) {
    fail("device: expected auto, cpu, cuda or cuda:N, found '", name, "'");
  }
  const long long number = name == "cuda" ? 0 : parse_integer(name.substr(5), "device");
  if (number < 0 || static_cast<std::size_t>(number) >= count) {
    fail("device ", name, ": not there; found ", count,
         " CUDA devices, so use device=cpu or device=auto");
  }
  return {torch::kCUDA, static_cast<torch::DeviceIndex>(number)};
}

}  // namespace

struct Model::State {
  const NetworkInfo* info;
  std::shared_ptr<Network> network;
  std::string sha256;
  torch::Device device = torch::kCPU;
  Shape head;  // [C, D]
};

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

Model Model::load(std::string_view spec, std::string_view device) {
  const auto colon = spec.find(':');
  const NetworkInfo& info = find_network(trim(spec.substr(0, colon)));
  const std::string path(colon == std::string_view::npos ? "" : spec.substr(colon + 1));
  if (path.empty()) {
    fail("model ", info.name, ": expected the weights as ", info.name, ":PATH (safetensors, .pth",
         " or .th); published ones: ", info.weights);
  }
  const std::string where = text("[", info.name, "] ", path);
  auto state = std::make_unique<State>();
  state->info = &info;
  state->device = find_device(device);
  const Weights weights = read_weights(path);
  state->sha256 = weights.sha256;

  // The file says how many classes there are; without its last layer the check below complains.
  const auto head = weights.tensors.find(info.head + ".weight");
  std::int64_t classes = info.classes;
  if (head != weights.tensors.end() && head->second.shape().size() == 2 &&
      head->second.rows() > 0) {
    classes = static_cast<std::int64_t>(head->second.rows());
  }
  const torch::NoGradGuard no_gradients;
  state->network = info.make(classes);
  const auto tensors = tensors_of(*state->network);
  copy_weights(tensors, weights.tensors, where);
  state->head = shape_of(tensors.at(info.head + ".weight"));
  state->network->eval();
  state->network->to(state->device);
  for (torch::Tensor& kernel : state->network->parameters()) {
    if (kernel.dim() == 4) kernel.set_data(kernel.contiguous(format_for(state->device)));
  }
  // Ten bits of mantissa would be faster, but not the published network.
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setDeterministicCuDNN(true);
  return Model(std::move(state));
}

std::string torch_version() { return TORCH_VERSION; }

const NetworkInfo& Model::info() const { return *state_->info; }
const std::string& Model::weights_sha256() const { return state_->sha256; }
std::string Model::device() const { return state_->device.str(); }
std::size_t Model::classes() const { return state_->head[0]; }
std::size_t Model::feature_width() const { return state_->head[1]; }
Array Model::head_weight() const { return parameters().at(state_->info->head + ".weight"); }
Array Model::head_bias() const { return parameters().at(state_->info->head + ".bias"); }

std::map<std::string, Array> Model::parameters() const {
  std::map<std::string, Array> arrays;
  for (const auto& [name, tensor] : tensors_of(*state_->network)) {
    arrays.emplace(name, to_array(tensor.clone()));
  }
  return arrays;
}

ModelOutputs Model::forward(std::span<const float> images) const {
  const Preprocessing& p = state_->info->preprocessing;
  const std::size_t each = 3 * p.height * p.width;
  if (images.empty() || images.size() % each != 0) {
    fail("[", state_->info->name, "] images: expected B x 3 x ", p.height, " x ", p.width,
         " values, found ", images.size());
  }
  const c10::InferenceMode inference;
  // Asked first: libtorch sets OpenMP's number to its own default when a thread first asks for it.
  const int threads = thread_count();
  if (at::get_num_threads() != threads) at::set_num_threads(threads);
  const auto batch = static_cast<std::int64_t>(images.size() / each);
  const torch::Tensor input = torch::from_blob(const_cast<float*>(images.data()),
                                               {batch, 3, static_cast<std::int64_t>(p.height),
                                                static_cast<std::int64_t>(p.width)})
                                  .to(state_->device)
                                  .contiguous(format_for(state_->device));
  const NetworkOutputs outputs = state_->network->forward(input);
  return {to_array(outputs.logits), to_array(outputs.features)};
}

}  // namespace nescio
