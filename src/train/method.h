// A training method: a loss, what it draws and changes, and a few moments of a run. The trainer owns
// the only loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/notice.h"
#include "base/progress.h"
#include "image/datasets/dataset.h"
#include "nn/network.h"
#include "nn/network_info.h"
#include "train/device.h"
#include "train/method_info.h"
#include "train/settings.h"
#include "train/step.h"
#include "train/teacher.h"
#include "train/validation.h"

namespace nescio::train {

/// Parameters of a network's last layer: logits = features weight^T + bias. They stay those of the
/// network wherever it goes.
struct LastLayer {
  torch::Tensor weight;  // [C, D]; of more dimensions where logits are another function of features
  torch::Tensor bias;    // [C]
};

/// The network that a method is made for, as the seed has made it: without start weights.
struct MadeFor {
  nn::Network& network;
  const nn::NetworkInfo& info;
  LastLayer head;
};

/// What a run begins with that is not resumed: the network with its start weights, on its device.
struct RunStart {
  nn::Network& network;
  const image::Dataset& data;  // the training pictures
  const Teacher* teacher;      // null: none
  const Upload& upload;
  const TrainSettings& settings;
  std::size_t workers;
  Progress progress;
};

/// What people are shown of a method that makes pictures, [B, c, h, w] each, as the network reads them.
struct Reconstruction {
  torch::Tensor shown, made;  // what it sees of the pictures, and what it makes of that
};

struct Choice {
  std::string measure;
  bool higher_is_better = true;
};

/// Its own parameters and buffers, registered as of any module, are optimised and checkpointed with
/// the network's, so a method writes no serialisation. Everything that is drawn follows from the seed
/// and the step: a method that keeps other state in buffers resumes bit for bit.
class TrainingMethod : public torch::nn::Module {
 public:
  // One step, in this order.

  /// What is random in it, once for the whole batch, on the host, from libtorch's random numbers.
  virtual Draws draw(const StepFacts&) { return {}; }
  /// On the device, once for the whole batch, without gradients: changes pictures and targets, adds
  /// to draws and terms.
  virtual void prepare(TrainingStep&) const {}
  /// Of a part of the batch, its share of the loss of the whole (TrainingStep::of_images() ...): a
  /// scalar with gradients; terms in `step`. Waits for nothing on the device. A loss or a term finds
  /// logits and features in `step`, a whole method puts them there; a change has none.
  virtual torch::Tensor loss(TrainingStep&) { return {}; }
  /// Between the gradients and the optimiser.
  virtual void before_update(nn::Network&) {}
  /// After the optimiser.
  virtual void after_update(nn::Network&) {}

  // What it asks for.

  /// Of a sum: what its methods need together.
  virtual MethodNeeds needs() const { return {}; }
  /// MethodInfo::repeats; of a sum: of all its methods.
  virtual bool repeats() const { return false; }
  /// Whether it cannot be computed in parts, since its rows need one another.
  virtual bool needs_whole_batch() const { return false; }
  /// Whether outliers go through the network in one batch with the pictures.
  virtual bool joint_forward() const { return true; }
  /// Whether a parameter of the network is trained.
  virtual bool trains(const std::string& /*parameter*/) const { return true; }
  /// Whether it gets a gradient, to be read before_update().
  virtual bool wants_gradient(const std::string& parameter) const { return trains(parameter); }
  /// What to tell the user about a run of so many steps, `per_epoch` in each epoch: terms that it ends
  /// before.
  virtual Notices remarks(std::int64_t /*steps*/, std::int64_t /*per_epoch*/) const { return {}; }

  // The life of a run.

  /// Once, before anything is written: whatever it refuses is refused here, and parameters and buffers
  /// whose shapes depend on the network are registered.
  virtual void on_make(const MadeFor&) {}
  /// At the start of a run that is not resumed; nothing is written yet.
  virtual void on_fresh_start(const RunStart&) {}
  /// Puts the network in the mode in which it is trained.
  virtual void set_mode(nn::Network& network) const { network.train(); }
  /// What the network answers to pictures where it is validated, [B, C].
  virtual torch::Tensor predict(nn::Network& network, const torch::Tensor& images) const {
    return network.forward(images).logits;
  }
  /// What validation measures: sums over the rows.
  virtual Sums measures(nn::Network& network, const torch::Tensor& images,
                        const torch::Tensor& labels) const {
    return loss_and_accuracy(predict(network, images), labels);
  }
  /// By which of these means the best weights are chosen, and whether more is better.
  virtual Choice chosen_by() const { return {"accuracy", true}; }
  /// Of some pictures, in evaluation mode; none if it makes none.
  virtual std::optional<Reconstruction> reconstruct(nn::Network& /*network*/,
                                                    const torch::Tensor& /*images*/) const {
    return std::nullopt;
  }
  /// What to tell the user at the end of the run.
  virtual Notices closing_remarks() const { return {}; }
  /// What best.safetensors and last.safetensors hold.
  virtual std::map<std::string, torch::Tensor> exported(const nn::Network& network) const {
    return nn::tensors_of(network);
  }
  /// Further files of tensors beside the last one, by what their names begin with.
  virtual std::map<std::string, std::map<std::string, torch::Tensor>> further_files(
      const nn::Network&) const {
    return {};
  }
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

/// "mixup(alpha=0.2)+cross_entropy+outlier_exposure" -> the method that is the sum of these: changes
/// of the batch in the order in which they stand, one loss (cross_entropy if none is named), terms.
/// The pictures go through the network once. UsageError with the nearest name for an unknown method or
/// parameter, for values out of range, for those that do nothing, and for sums that make no sense.
std::shared_ptr<TrainingMethod> make_method(std::string_view spec);

}  // namespace nescio::train
