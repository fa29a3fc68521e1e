// What changes the parameters after each step.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "train/parameter_groups.h"

namespace nescio::train {

class Optimiser {
 public:
  virtual ~Optimiser() = default;
  /// The learning rate of the steps that follow. It lies on the device, so that a step can be recorded
  /// and played again.
  virtual void set_lr(double lr) = 0;
  /// Changes the parameters by their gradients; one without a gradient stays as it is.
  virtual void step() = 0;
  /// What it remembers from step to step, by name; shares memory, so that a checkpoint is read
  /// into it.
  virtual std::map<std::string, torch::Tensor> state() const = 0;
};

/// That of `settings`, in the forms of torch.optim, each tensor read and written once. With g the
/// gradient, w the weight decay and lr the learning rate of a parameter p:
///
/// sgd    g <- g + w p,   v <- m v + g,   p <- p - lr (g + m v, or v without Nesterov)
///        momentum m; Sutskever et al., ICML 2013
/// adamw  a <- b1 a + (1 - b1) g,   s <- b2 s + (1 - b2) g^2,   p <- (1 - lr w) p,
///        p <- p - lr a / (1 - b1^t) / (sqrt(s / (1 - b2^t)) + eps)
///        Loshchilov, Hutter, ICLR 2019, arXiv:1711.05101
std::unique_ptr<Optimiser> make_optimiser(const TrainSettings& settings,
                                          const TrainedParameters& parameters);

/// Shortens the gradient, all parameters taken together, to a Euclidean norm of at most `longest`.
/// Does not wait for the device.
void clip_gradient(const TrainedParameters& parameters, double longest);

}  // namespace nescio::train
