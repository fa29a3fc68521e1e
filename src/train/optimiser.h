// What changes the parameters after each step.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <torch/torch.h>

#include "train/settings.h"

namespace nescio {

class Optimiser {
 public:
  virtual ~Optimiser() = default;
  /// Changes the parameters by their gradients; one without a gradient stays as it is.
  virtual void step(double lr) = 0;
  /// What it remembers from step to step, by name; shares memory, so that a checkpoint is read
  /// into it.
  virtual std::map<std::string, torch::Tensor> state() const = 0;
};

/// SGD with momentum m, weight decay w and, if asked, Nesterov's look ahead:
///   g <- g + w p,   v <- m v + g,   p <- p - lr (g + m v, or v without Nesterov)
/// Sutskever et al., ICML 2013, in the form of torch.optim.SGD. `parameters` are by name and are
/// changed in place, each tensor read and written once.
std::unique_ptr<Optimiser> make_optimiser(const TrainSettings& settings,
                                          const std::map<std::string, torch::Tensor>& parameters);

/// Shortens the gradient, all parameters taken together, to a Euclidean norm of at most `longest`.
void clip_gradient(const std::map<std::string, torch::Tensor>& parameters, double longest);

}  // namespace nescio
