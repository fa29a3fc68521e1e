#include "train/optimiser.h"

namespace nescio {
namespace {

class Sgd final : public Optimiser {
 public:
  Sgd(const TrainSettings& settings, const std::map<std::string, torch::Tensor>& parameters)
      : momentum_(settings.momentum),
        weight_decay_(settings.weight_decay),
        nesterov_(settings.nesterov),
        parameters_(parameters) {
    if (momentum_ == 0) return;
    for (const auto& [name, parameter] : parameters) {
      velocities_.emplace(name, torch::zeros_like(parameter));
    }
  }

  void step(double lr) override {
    const torch::NoGradGuard no_gradients;
    std::vector<torch::Tensor> parameters, gradients, velocities;
    for (const auto& [name, parameter] : parameters_) {
      if (!parameter.grad().defined()) continue;
      parameters.push_back(parameter);
      gradients.push_back(parameter.grad());
      if (momentum_ > 0) velocities.push_back(velocities_.at(name));
    }
    if (parameters.empty()) return;
    at::_fused_sgd_(parameters, gradients, velocities, weight_decay_, momentum_, lr,
                    /*dampening=*/0, nesterov_, /*maximize=*/false, /*is_first_step=*/false);
  }

  std::map<std::string, torch::Tensor> state() const override { return velocities_; }

 private:
  double momentum_, weight_decay_;
  bool nesterov_;
  std::map<std::string, torch::Tensor> parameters_, velocities_;
};

}  // namespace

std::unique_ptr<Optimiser> make_optimiser(const TrainSettings& settings,
                                          const std::map<std::string, torch::Tensor>& parameters) {
  return std::make_unique<Sgd>(settings, parameters);
}

void clip_gradient(const std::map<std::string, torch::Tensor>& parameters, double longest) {
  std::vector<torch::Tensor> with_gradient;
  for (const auto& [name, parameter] : parameters) {
    if (parameter.grad().defined()) with_gradient.push_back(parameter);
  }
  torch::nn::utils::clip_grad_norm_(with_gradient, longest);
}

}  // namespace nescio
