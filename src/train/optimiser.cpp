#include "train/optimiser.h"

#include <utility>

namespace nescio::train {
namespace {

using Tensors = std::map<std::string, torch::Tensor>;

Tensors zeros_like(const TrainedParameters& parameters) {
  Tensors zeros;
  for (const auto& [name, p] : parameters) zeros.emplace(name, torch::zeros_like(p.tensor));
  return zeros;
}

/// Parameters that differ in their tensors only go to libtorch's kernels together.
class Grouped : public Optimiser {
 public:
  explicit Grouped(const TrainedParameters& parameters) {
    for (const auto& [name, p] : parameters) {
      Group& group = groups_[{p.lr_factor, p.weight_decay}];
      group.parameters.emplace(name, p.tensor);
      // The kernels of a GPU read a float; those of a CPU have all digits.
      const auto type = p.tensor.is_cpu() ? torch::kFloat64 : torch::kFloat32;
      group.lr = torch::zeros({}, p.tensor.options().dtype(type).requires_grad(false));
    }
  }

  void set_lr(double lr) final {
    const torch::NoGradGuard no_gradients;
    for (auto& [how, group] : groups_) group.lr.fill_(lr * how.first);
  }

  void step() final {
    const torch::NoGradGuard no_gradients;
    for (const auto& [how, group] : groups_) {
      Batch batch{.lr = group.lr, .weight_decay = how.second};
      for (const auto& [name, parameter] : group.parameters) {
        if (!parameter.grad().defined()) continue;
        batch.names.push_back(name);
        batch.parameters.push_back(parameter);
        batch.gradients.push_back(parameter.grad());
      }
      if (!batch.names.empty()) update(batch);
    }
  }

 protected:
  struct Batch {
    torch::Tensor lr;
    double weight_decay;
    std::vector<std::string> names = {};
    std::vector<torch::Tensor> parameters = {}, gradients = {};

    std::vector<torch::Tensor> of(const Tensors& state) const {
      std::vector<torch::Tensor> out;
      for (const std::string& name : names) out.push_back(state.at(name));
      return out;
    }
  };
  virtual void update(const Batch& batch) = 0;

 private:
  struct Group {
    Tensors parameters = {};
    torch::Tensor lr = {};
  };
  std::map<std::pair<double, double>, Group> groups_;
};

class Sgd final : public Grouped {
 public:
  Sgd(const TrainSettings& settings, const TrainedParameters& parameters)
      : Grouped(parameters), momentum_(settings.momentum), nesterov_(settings.nesterov) {
    if (momentum_ > 0) velocities_ = zeros_like(parameters);
  }

  Tensors state() const override { return velocities_; }

 private:
  void update(const Batch& batch) override {
    const auto velocities = momentum_ > 0 ? batch.of(velocities_) : std::vector<torch::Tensor>();
    at::_fused_sgd_(batch.parameters, batch.gradients, velocities, batch.weight_decay, momentum_,
                    batch.lr, /*dampening=*/0, nesterov_, /*maximize=*/false,
                    /*is_first_step=*/false);
  }

  double momentum_;
  bool nesterov_;
  Tensors velocities_;
};

class AdamW final : public Grouped {
 public:
  AdamW(const TrainSettings& settings, const TrainedParameters& parameters)
      : Grouped(parameters),
        beta1_(settings.beta1),
        beta2_(settings.beta2),
        eps_(settings.eps),
        means_(zeros_like(parameters)),
        squares_(zeros_like(parameters)) {
    for (const auto& [name, p] : parameters) {
      steps_.emplace(name, torch::zeros({}, p.tensor.options().dtype(torch::kFloat32)));
    }
  }

  Tensors state() const override {
    Tensors all;
    for (const auto& [name, tensor] : means_) all.emplace("mean." + name, tensor);
    for (const auto& [name, tensor] : squares_) all.emplace("square." + name, tensor);
    for (const auto& [name, tensor] : steps_) all.emplace("steps." + name, tensor);
    return all;
  }

 private:
  void update(const Batch& batch) override {
    const auto steps = batch.of(steps_);
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(batch.parameters, batch.gradients, batch.of(means_), batch.of(squares_), {},
                      steps, batch.lr, beta1_, beta2_, batch.weight_decay, eps_, /*amsgrad=*/false,
                      /*maximize=*/false);
  }

  double beta1_, beta2_, eps_;
  Tensors means_, squares_, steps_;
};

}  // namespace

std::unique_ptr<Optimiser> make_optimiser(const TrainSettings& settings,
                                          const TrainedParameters& parameters) {
  if (settings.optimiser == "adamw") return std::make_unique<AdamW>(settings, parameters);
  return std::make_unique<Sgd>(settings, parameters);
}

void clip_gradient(const TrainedParameters& parameters, double longest) {
  std::vector<torch::Tensor> gradients;
  for (const auto& [name, p] : parameters) {
    if (p.tensor.grad().defined()) gradients.push_back(p.tensor.grad());
  }
  if (gradients.empty()) return;
  const torch::NoGradGuard no_gradients;
  const torch::Tensor norm = at::stack(at::_foreach_norm(gradients, 2)).norm();
  at::_foreach_mul_(gradients, (longest / (norm + 1e-6)).clamp_max(1));
}

}  // namespace nescio::train
