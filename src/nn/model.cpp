#include "nn/model.h"

#include <torch/version.h>

#include "base/error.h"
#include "nn/network.h"
#include "nn/weights.h"

namespace nescio {

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
  state->network = info.make(classes);
  const auto tensors = tensors_of(*state->network);
  copy_weights(weights.tensors, tensors, where);
  state->head = shape_of(tensors.at(info.head + ".weight"));
  state->network->eval();
  move_to(*state->network, state->device);
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
  use_our_threads();
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
