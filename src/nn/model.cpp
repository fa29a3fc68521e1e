#include "nn/model.h"

#include <torch/version.h>

#include <optional>

#include "base/find_entry.h"
#include "base/usage.h"
#include "base/within.h"
#include "nn/autocast.h"
#include "nn/chosen_weights.h"
#include "nn/layers.h"
#include "nn/model_source.h"
#include "nn/network.h"
#include "nn/recorded_pass.h"

namespace nescio::nn {

struct Model::State {
  DesignedNetwork design;
  image::Preprocessing preprocessing;
  std::shared_ptr<Network> network;
  std::string sha256;
  torch::Device device = torch::kCPU;
  Shape head;  // [C, D ...]
  std::vector<std::string> class_names;
  Notices notices;
  Precision precision = Precision::float32;
  bool cuda_graphs = false;
  RecordedPass recorded = {};
};

namespace {

/// Pictures where and in the order in which the network wants them, [B, planes, height, width].
torch::Tensor to_tensor(const Model& model, std::span<const float> images,
                        Precision precision = Precision::float32) {
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
      .contiguous(format_for(device, precision));
}

/// An array where and in the order in which the network wants its values.
torch::Tensor to_tensor(const Model& model, const Array& value) {
  std::vector<std::int64_t> sides;
  for (const std::size_t side : value.shape()) sides.push_back(static_cast<std::int64_t>(side));
  const torch::Device device(model.device());
  const auto values = value.as<float>();
  const torch::Tensor moved = torch::from_blob(const_cast<float*>(values.data()), sides).to(device);
  return sides.size() == 4 ? moved.contiguous(format_for(device)) : moved;
}

/// Taps and pooled taps of a network, by the names that they are asked for.
class AskedTaps {
 public:
  AskedTaps(const Network& network, const std::vector<std::string>& names) {
    if (names.empty()) return;
    std::map<std::string, PooledTap> pooled;
    for (PooledTap& tap : network.pooled_taps()) {
      pooled.emplace(runtime::Backbone::pooled(tap.name), std::move(tap));
    }
    for (const std::string& name : names) {
      const auto found = pooled.find(name);
      if (found != pooled.end()) pooled_.emplace(name, found->second);
      taps_[found == pooled.end() ? name : found->second.tap] = torch::Tensor();
    }
  }

  NetworkOutputs forward(Network& network, const torch::Tensor& images) {
    return taps_.empty() ? network.forward(images) : network.forward_with(taps_, images);
  }
  torch::Tensor value(const std::string& name) const {
    const auto pooled = pooled_.find(name);
    return pooled == pooled_.end() ? taps_.at(name)
                                   : pooled->second.pool(taps_.at(pooled->second.tap));
  }

 private:
  std::map<std::string, PooledTap> pooled_;
  Taps taps_;
};

class Trace final : public runtime::TracedPass {
 public:
  /// From `beginning`; forward(beginning, places) puts there what slopes may be given by.
  template <class Forward>
  Trace(const torch::Tensor& beginning, Forward forward)
      : beginning_(beginning.detach().requires_grad_()) {
    const torch::AutoGradMode gradients(true);
    const torch::Tensor said = forward(beginning_, places_);
    places_["logits"] = said;
    logits_ = to_array(said);
  }

  const Array& logits() const override { return logits_; }
  Array gradient(const Array& slope, const std::string& at) override {
    use_our_threads();
    const auto place = places_.find(at);
    if (place == places_.end()) fail("this pass keeps no way back from '", at, "'");
    const torch::Tensor& from = place->second;
    if (slope.shape() != shape_of(from)) {
      fail("slope by ", at, ": expected ", to_string(shape_of(from)), ", found ",
           to_string(slope.shape()));
    }
    const auto values = slope.as<float>();
    const torch::Tensor back =
        torch::from_blob(const_cast<float*>(values.data()), from.sizes()).to(from.device());
    return to_array(torch::autograd::grad({from}, {beginning_}, {back}, /*retain_graph=*/true)[0]);
  }

 private:
  torch::Tensor beginning_;
  Taps places_;
  Array logits_;
};

}  // namespace

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

Model Model::load(std::string_view spec, std::string_view device) {
  const torch::Device place = find_device(device);
  const ModelSource source = read_model_source(spec);
  const NetworkInfo& info = *source.network.info;
  if (source.path.empty()) {
    fail_usage("model ", info.name, ": expected the weights as ", info.name,
               ":PATH (safetensors, .pth", " or .th); published ones: ", info.weights);
  }
  auto state = std::make_unique<State>();
  state->design = source.network;
  state->device = place;
  state->sha256 = source.sha256;
  state->precision = precision_on(place, source.precision.value_or("float32"));
  state->cuda_graphs = source.cuda_graphs;
  if (source.cuda_graphs && !RecordedWork::fault(place).empty()) {
    fail_usage("model ", info.name, ": cuda_graphs=true: ", RecordedWork::fault(place));
  }
  state->preprocessing = source.preprocessing;
  state->notices = source.notices;
  Tensors weights = source.tensors;
  const bool headless = info.encoder && !weights.contains(info.head + ".bias");
  state->network = source.network.design->outline(headless ? 1 : classes_of(info, weights));
  const auto ours = tensors_of(*state->network);
  if (headless) {
    for (const char* part : {".weight", ".bias"}) {
      const torch::Tensor& layer = ours.at(info.head + part);
      weights.emplace(info.head + part, to_array(torch::zeros_like(layer)));
    }
    state->notices.push_back(source.where() +
                             ": an encoder without a last layer: its logits are one 0 each and say "
                             "nothing; its features are what the file knows");
  }
  copy_weights(weights, ours, source.where());
  within(source.where() + ": ", [&] {
    const image::Preprocessing& p = state->preprocessing;
    state->network->check_pictures(static_cast<std::int64_t>(p.height),
                                   static_cast<std::int64_t>(p.width));
  });
  state->head = shape_of(ours.at(info.head + ".weight"));
  state->class_names = source.class_names;
  state->network->eval();
  for (torch::Tensor& parameter : state->network->parameters()) parameter.set_requires_grad(false);
  move_to(*state->network, state->device, state->precision);
  return Model(std::move(state));
}

std::string torch_version() { return TORCH_VERSION; }

const NetworkInfo& Model::info() const { return *state_->design.info; }
const image::Preprocessing& Model::preprocessing() const { return state_->preprocessing; }
const std::string& Model::weights_sha256() const { return state_->sha256; }
std::string Model::device() const { return state_->device.str(); }
const Notices& Model::notices() const { return state_->notices; }
std::size_t Model::classes() const { return state_->head[0]; }
const std::vector<std::string>& Model::class_names() const { return state_->class_names; }
std::size_t Model::feature_width() const { return state_->head[1]; }
std::vector<std::string> Model::taps() const { return state_->network->tap_names(); }

std::vector<std::string> Model::pooled_taps() const {
  return names_of(state_->network->pooled_taps());
}

nlohmann::json Model::identity() const {
  nlohmann::json identity = {{"network", state_->design.name()},
                             {"weights_sha256", state_->sha256},
                             {"preprocessing", image::to_json(state_->preprocessing)}};
  // Others are other numbers; those of old banks say nothing.
  if (state_->precision == Precision::tf32) identity["precision"] = "tf32";
  if (state_->precision == Precision::bfloat16) identity["precision"] = "bfloat16";
  return identity;
}

std::optional<Head> Model::head() const {
  if (!info().linear_head) return std::nullopt;
  const auto tensors = tensors_of(*state_->network);
  const auto part = [&](const char* name) {
    return to_array(tensors.at(info().head + name).clone());
  };
  return Head{part(".weight"), part(".bias")};
}

Tensors Model::parameters() const {
  Tensors arrays;
  for (const auto& [name, tensor] : tensors_of(*state_->network)) {
    arrays.emplace(name, to_array(tensor.clone()));
  }
  return arrays;
}

runtime::BackboneOutputs Model::run(std::span<const float> images,
                                    const std::vector<std::string>& taps) const {
  const c10::InferenceMode inference;
  use_our_threads();
  Network& network = *state_->network;
  AskedTaps asked(network, taps);
  const auto forward = [&](const torch::Tensor& pictures) {
    const Bfloat16 fewer_digits(state_->device.type(), state_->precision == Precision::bfloat16);
    const NetworkOutputs said = asked.forward(network, pictures);
    return NetworkOutputs{said.logits.to(torch::kFloat32), said.features.to(torch::kFloat32)};
  };
  const bool records = state_->cuda_graphs && taps.empty();
  std::optional<OwnStream> stream;
  if (records) stream.emplace(state_->device);
  const torch::Tensor pictures = to_tensor(*this, images, state_->precision);
  const NetworkOutputs said = records ? state_->recorded(pictures, forward) : forward(pictures);
  runtime::BackboneOutputs out{to_array(said.logits), to_array(said.features), {}};
  for (const std::string& name : taps)
    out.taps.push_back(to_array(asked.value(name).to(torch::kFloat32)));
  return out;
}

std::unique_ptr<runtime::TracedPass> Model::trace(std::span<const float> images,
                                                  const std::vector<std::string>& taps) const {
  use_our_threads();
  Network& network = *state_->network;
  return std::make_unique<Trace>(
      to_tensor(*this, images), [&](const torch::Tensor& pictures, Taps& places) {
        AskedTaps asked(network, taps);
        const torch::Tensor logits = asked.forward(network, pictures).logits;
        for (const std::string& name : taps) places[name] = asked.value(name);
        return logits;
      });
}

runtime::BackboneOutputs Model::forward_from(const std::string& tap, const Array& value) const {
  const c10::InferenceMode inference;
  use_our_threads();
  const NetworkOutputs said = state_->network->forward_from(tap, to_tensor(*this, value));
  return {to_array(said.logits), to_array(said.features), {}};
}

std::unique_ptr<runtime::TracedPass> Model::trace_from(const std::string& tap,
                                                       const Array& value) const {
  use_our_threads();
  const torch::Tensor beginning = to_tensor(*this, value).clone();  // it may outlive the array
  return std::make_unique<Trace>(beginning, [&](const torch::Tensor& from, Taps&) {
    return state_->network->forward_from(tap, from).logits;
  });
}

Array Model::forward_dropping(std::span<const float> images,
                              std::span<const std::uint64_t> keys) const {
  const c10::InferenceMode inference;
  use_our_threads();
  Dropping dropping(keys);
  Array logits = to_array(state_->network->forward(to_tensor(*this, images)).logits);
  return dropping.layers() > 0 ? logits : Backbone::forward_dropping(images, keys);
}

Network& network_of(const Model& model) { return *model.state_->network; }

}  // namespace nescio::nn
