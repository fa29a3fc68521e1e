#include "train/optimiser.h"

#include <gtest/gtest.h>

namespace nescio {
namespace {

using Tensors = std::map<std::string, torch::Tensor>;

Tensors make_parameters(bool channels_last) {
  torch::manual_seed(3);
  Tensors parameters{{"kernel", torch::randn({5, 3, 3, 3})}, {"bias", torch::randn({7})}};
  if (channels_last) {
    parameters["kernel"] = parameters["kernel"].contiguous(torch::MemoryFormat::ChannelsLast);
  }
  for (auto& [name, parameter] : parameters) parameter.requires_grad_();
  return parameters;
}

/// Sets gradients that depend on the parameters.
void make_gradients(const Tensors& parameters) {
  torch::Tensor loss = torch::zeros({});
  for (const auto& [name, parameter] : parameters) {
    parameter.mutable_grad().reset();
    loss = loss + parameter.pow(2).sum() + parameter.sin().sum();
  }
  loss.backward();
}

TEST(Sgd, EqualsTheOneOfLibtorch) {
  for (const double momentum : {0.0, 0.9}) {
    for (const bool nesterov : {false, true}) {
      if (nesterov && momentum == 0) continue;
      const Tensors ours = make_parameters(true);
      const Tensors theirs = make_parameters(false);
      const auto optimiser =
          make_optimiser({.momentum = momentum, .nesterov = nesterov, .weight_decay = 0.01}, ours);
      torch::optim::SGD reference(
          {theirs.at("kernel"), theirs.at("bias")},
          torch::optim::SGDOptions(0.1).momentum(momentum).nesterov(nesterov).weight_decay(0.01));
      for (int step = 0; step < 10; ++step) {
        const double lr = 0.1 / (1 + step);
        make_gradients(ours);
        make_gradients(theirs);
        optimiser->step(lr);
        static_cast<torch::optim::SGDOptions&>(reference.param_groups()[0].options()).lr(lr);
        reference.step();
      }
      for (const auto& [name, parameter] : ours) {
        EXPECT_TRUE(torch::allclose(parameter, theirs.at(name), 1e-5, 1e-6))
            << name << ", momentum " << momentum << ", nesterov " << nesterov;
      }
    }
  }
}

TEST(Sgd, LeavesWhatHasNoGradient) {
  const Tensors parameters = make_parameters(false);
  const auto optimiser = make_optimiser({}, parameters);
  const torch::Tensor before = parameters.at("bias").detach().clone();
  make_gradients({{"kernel", parameters.at("kernel")}});
  optimiser->step(0.1);
  EXPECT_TRUE(torch::equal(parameters.at("bias"), before));
}

TEST(Sgd, ItsStateIsAllThatItRemembers) {
  const Tensors first = make_parameters(true);
  const auto optimiser = make_optimiser({}, first);
  make_gradients(first);
  optimiser->step(0.1);
  const Tensors second = make_parameters(true);
  const auto other = make_optimiser({}, second);
  const torch::NoGradGuard no_gradients;
  for (const auto& [name, tensor] : second) torch::Tensor(tensor).copy_(first.at(name));
  for (const auto& [name, tensor] : other->state()) {
    torch::Tensor(tensor).copy_(optimiser->state().at(name));
  }
  for (const Tensors* side : {&first, &second}) {
    const torch::AutoGradMode gradients(true);
    make_gradients(*side);
  }
  optimiser->step(0.1);
  other->step(0.1);
  for (const auto& [name, tensor] : second) EXPECT_TRUE(torch::equal(tensor, first.at(name)));
}

TEST(ClipGradient, ShortensOnlyWhatIsTooLong) {
  const Tensors parameters = make_parameters(false);
  make_gradients(parameters);
  const auto norm = [&] {
    torch::Tensor squares = torch::zeros({});
    for (const auto& [name, parameter] : parameters) squares += parameter.grad().pow(2).sum();
    return squares.sqrt().item<double>();
  };
  const double before = norm();
  clip_gradient(parameters, 2 * before);
  EXPECT_NEAR(norm(), before, 1e-5);
  clip_gradient(parameters, 1);
  EXPECT_NEAR(norm(), 1, 1e-5);
}

}  // namespace
}  // namespace nescio
