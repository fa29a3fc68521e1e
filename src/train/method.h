// A training method: a loss and a few hooks. The trainer owns the only loop.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/notice.h"
#include "nn/network.h"
#include "train/method_info.h"

namespace nescio::train {

/// One step as its method sees it, and what the method says about it.
struct TrainingStep {
  std::int64_t number = 0;     // 0, 1, ... over the whole run
  std::int64_t per_epoch = 1;  // steps
  nn::Network& network;
  torch::Tensor images;         // [B, 3, height, width], normalised
  torch::Tensor labels;         // [B] int64
  torch::Tensor outliers = {};  // [Bo, 3, height, width]; undefined unless the method needs some
  bool bfloat16 = false;        // the network computes in it; what it says is float32 all the same

  /// Of `images`, [B, C]; the accuracy comes from them. Undefined: none is logged.
  torch::Tensor logits = {};
  /// Parts of the loss with their weights, and what else is worth a curve: scalars by name, logged
  /// beside the loss.
  std::vector<std::pair<std::string, torch::Tensor>> terms = {};
  /// Pictures that went through the network.
  std::int64_t rows = 0;

  /// What the network says about some pictures; every method comes through here.
  nn::NetworkOutputs forward(const torch::Tensor& pictures) { return forward(pictures, network); }
  /// The same of a network that is made of it.
  nn::NetworkOutputs forward(const torch::Tensor& pictures, nn::Network& made_of_it);
  /// Logits of several groups of pictures that go through the network as one batch, so that batch
  /// normalisation sees them together.
  std::vector<torch::Tensor> joint_logits(const std::vector<torch::Tensor>& groups);
  /// Adds to `terms` and gives the value back.
  torch::Tensor term(const std::string& name, const torch::Tensor& value);
};

/// Parameters of a network's last layer: logits = features weight^T + bias. They stay those of the
/// network wherever it goes.
struct LastLayer {
  torch::Tensor weight;  // [C, D]; of more dimensions where logits are another function of features
  torch::Tensor bias;    // [C]
};

/// Its own parameters and buffers, registered as of any module, are optimised and checkpointed with
/// the network's, so a method writes no serialisation. Before each step libtorch's random numbers
/// are set to what follows from the seed and the step: a method that draws from them and keeps
/// other state in buffers resumes bit for bit.
class TrainingMethod : public torch::nn::Module {
 public:
  /// A scalar with gradients, and logits and terms in `step`.
  virtual torch::Tensor loss(TrainingStep& step) = 0;

  /// Once, before the optimiser takes the method's parameters and a checkpoint fills its buffers: the
  /// place to register those whose shapes depend on the network.
  virtual void on_make(const LastLayer&) {}
  /// What to tell the user about a run of so many steps, `per_epoch` in each epoch: terms that it ends
  /// before.
  virtual Notices remarks([[maybe_unused]] std::int64_t steps,
                          [[maybe_unused]] std::int64_t per_epoch) const {
    return {};
  }
  /// Before the first step of a run and after a resume, the network on its device.
  virtual void on_start(nn::Network&) {}
  /// After the optimiser's step, with what the loss left; of the last part if there were several.
  virtual void on_step_end(const TrainingStep&) {}
  virtual void on_epoch_end(nn::Network&, [[maybe_unused]] std::int64_t epoch) {}
  /// After the last step, before the weights are written.
  virtual void on_finish(nn::Network&) {}
};

template <class Object, class T>
Parameter<TrainingMethod> method_parameter(T Object::*member, ParameterInfo info,
                                           When<Object> when = {}) {
  return bind_parameter<TrainingMethod>(member, std::move(info), std::move(when));
}

/// Completes a description with what follows from the class.
template <class Object>
MethodInfo describe_method(MethodInfo info) {
  info.make = [] { return std::make_shared<Object>(); };
  return info;
}

/// "cross_entropy(label_smoothing=0.1)" -> the method. UsageError with the nearest name for an unknown
/// method or parameter, for values out of range and for those that do nothing.
std::shared_ptr<TrainingMethod> make_method(std::string_view spec);

}  // namespace nescio::train
