#include "nn/model.h"

#include <torch/version.h>

#include <algorithm>

#include "base/usage.h"
#include "nn/chosen_weights.h"
#include "nn/model_source.h"
#include "nn/network.h"

namespace nescio::nn {

struct Model::State {
  const NetworkInfo* info;
  image::Preprocessing preprocessing;
  std::shared_ptr<Network> network;
  std::string sha256;
  torch::Device device = torch::kCPU;
  Shape head;  // [C, D ...]
  std::vector<std::string> class_names;
  Notices notices;
};

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

Model Model::load(std::string_view spec, std::string_view device) {
  const torch::Device place = find_device(device);
  const ModelSource source = read_model_source(spec);
  const NetworkInfo& info = *source.info;
  if (source.path.empty()) {
    fail_usage("model ", info.name, ": expected the weights as ", info.name,
               ":PATH (safetensors, .pth", " or .th); published ones: ", info.weights);
  }
  auto state = std::make_unique<State>();
  state->info = &info;
  state->device = place;
  state->sha256 = source.sha256;
  state->preprocessing = source.preprocessing;
  state->notices = source.notices;
  state->network = info.make(classes_of(info, source.tensors));
  const auto ours = tensors_of(*state->network);
  copy_weights(source.tensors, ours, source.where());
  state->head = shape_of(ours.at(info.head + ".weight"));
  state->class_names = source.class_names;
  if (const auto& names = state->class_names; !names.empty() && names.size() != state->head[0]) {
    fail(source.where(), ": it names ", names.size(), " classes and its last layer has ",
         state->head[0]);
  }
  state->network->eval();
  for (torch::Tensor& parameter : state->network->parameters()) parameter.set_requires_grad(false);
  move_to(*state->network, state->device);
  return Model(std::move(state));
}

std::string torch_version() { return TORCH_VERSION; }

const NetworkInfo& Model::info() const { return *state_->info; }
const image::Preprocessing& Model::preprocessing() const { return state_->preprocessing; }
const std::string& Model::weights_sha256() const { return state_->sha256; }
std::string Model::device() const { return state_->device.str(); }
const Notices& Model::notices() const { return state_->notices; }
std::size_t Model::classes() const { return state_->head[0]; }
const std::vector<std::string>& Model::class_names() const { return state_->class_names; }
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
  const c10::InferenceMode inference;
  use_our_threads();
  const NetworkOutputs outputs = state_->network->forward(to_tensor(*this, images));
  return {to_array(outputs.logits), to_array(outputs.features)};
}

Network& network_of(const Model& model) { return *model.state_->network; }

torch::Tensor to_tensor(const Model& model, std::span<const float> images) {
  const image::Preprocessing& p = model.preprocessing();
  const std::size_t each = p.planes() * p.height * p.width;
  if (images.empty() || images.size() % each != 0) {
    fail("[", model.info().name, "] images: expected B x ", p.planes(), " x ", p.height, " x ",
         p.width, " values, found ", images.size());
  }
  const torch::Device device(model.device());
  return torch::from_blob(const_cast<float*>(images.data()),
                          {static_cast<std::int64_t>(images.size() / each),
                           static_cast<std::int64_t>(p.planes()),
                           static_cast<std::int64_t>(p.height), static_cast<std::int64_t>(p.width)})
      .to(device)
      .contiguous(format_for(device));
}

}  // namespace nescio::nn
