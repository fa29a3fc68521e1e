#include "train/optimiser.h"

#include <gtest/gtest.h>
#include <torch/optim/sgd.h>

namespace nescio::train {
namespace {

void take_step(Optimiser& optimiser, double lr) {
  optimiser.set_lr(lr);
  optimiser.step();
}

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

TrainedParameters trained(const Tensors& parameters, double weight_decay = 5e-4) {
  TrainedParameters out;
  for (const auto& [name, tensor] : parameters) out[name] = {tensor, 1, weight_decay};
  return out;
}

/// Ten steps at a falling learning rate from the same start as the Python lines below; the bias
/// has a group of its own.
void expect_after_ten_steps(const TrainSettings& settings, const std::vector<double>& expected) {
  const auto options = torch::dtype(torch::kFloat64);
  const Tensors parameters{
      {"kernel", torch::tensor({{0.5, -1.25}, {2.0, 0.125}}, options).requires_grad_()},
      {"bias", torch::tensor({0.75, -0.5}, options).requires_grad_()}};
  const auto optimiser = make_optimiser(settings, {{"kernel", {parameters.at("kernel"), 1, 0.05}},
                                                   {"bias", {parameters.at("bias"), 0.3, 0}}});
  for (int step = 0; step < 10; ++step) {
    make_gradients(parameters);
    take_step(*optimiser, 0.1 / (1 + step));
  }
  const torch::Tensor all =
      torch::cat({parameters.at("kernel").detach().flatten(), parameters.at("bias").detach()});
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(all[static_cast<std::int64_t>(i)].item<double>(), expected[i], 1e-13) << i;
  }
}

// torch.optim of Python with two parameter groups, double precision.
TEST(Sgd, IsThatOfPyTorchWithGroups) {
  expect_after_ten_steps({}, {-0.53789315468815657, -0.31386582582564987, -0.49784215334520565,
                              -0.50844141148792432, 0.15495968714773667, -0.47038139997906181});
}

TEST(AdamW, IsThatOfPyTorchWithGroups) {
  expect_after_ten_steps({.optimiser = "adamw", .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6},
                         {0.20474478167687812, -0.94662159771758836, 1.6806940931846373,
                          -0.16066650569747698, 0.66228684485149736, -0.44315503665655032});
}

TEST(Sgd, EqualsTheOneOfLibtorch) {
  for (const double momentum : {0.0, 0.9}) {
    for (const bool nesterov : {false, true}) {
      if (nesterov && momentum == 0) continue;
      const Tensors ours = make_parameters(true);
      const Tensors theirs = make_parameters(false);
      const auto optimiser =
          make_optimiser({.momentum = momentum, .nesterov = nesterov}, trained(ours, 0.01));
      torch::optim::SGD reference(
          {theirs.at("kernel"), theirs.at("bias")},
          torch::optim::SGDOptions(0.1).momentum(momentum).nesterov(nesterov).weight_decay(0.01));
      for (int step = 0; step < 10; ++step) {
        const double lr = 0.1 / (1 + step);
        make_gradients(ours);
        make_gradients(theirs);
        take_step(*optimiser, lr);
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
  const auto optimiser = make_optimiser({}, trained(parameters));
  const torch::Tensor before = parameters.at("bias").detach().clone();
  make_gradients({{"kernel", parameters.at("kernel")}});
  take_step(*optimiser, 0.1);
  EXPECT_TRUE(torch::equal(parameters.at("bias"), before));
}

TEST(Optimiser, ItsStateIsAllThatItRemembers) {
  for (const char* name : {"sgd", "adamw"}) {
    const Tensors first = make_parameters(true);
    const auto optimiser = make_optimiser({.optimiser = name}, trained(first));
    make_gradients(first);
    take_step(*optimiser, 0.1);
    const Tensors second = make_parameters(true);
    const auto other = make_optimiser({.optimiser = name}, trained(second));
    {
      const torch::NoGradGuard no_gradients;
      for (const auto& [key, tensor] : second) torch::Tensor(tensor).copy_(first.at(key));
      for (const auto& [key, tensor] : other->state()) {
        torch::Tensor(tensor).copy_(optimiser->state().at(key));
      }
    }
    for (const Tensors* side : {&first, &second}) make_gradients(*side);
    take_step(*optimiser, 0.1);
    take_step(*other, 0.1);
    for (const auto& [key, tensor] : second) {
      EXPECT_TRUE(torch::equal(tensor, first.at(key))) << name << ' ' << key;
    }
  }
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
  clip_gradient(trained(parameters), 2 * before);
  EXPECT_NEAR(norm(), before, 1e-5);
  clip_gradient(trained(parameters), 1);
  EXPECT_NEAR(norm(), 1, 1e-5);
}

}  // namespace
}  // namespace nescio::train
