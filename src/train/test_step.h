// For tests of methods: networks without weights, and a step on the numbers of the specification.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "train/method.h"

namespace nescio::train {

/// Gives its pictures back as logits.
class Mirror final : public nn::Network {
 public:
  nn::NetworkOutputs forward(const torch::Tensor& images) override { return {images, images}; }
};

/// The same bent, so that mixing before and after differ.
class Bent final : public nn::Network {
 public:
  nn::NetworkOutputs forward(const torch::Tensor& images) override {
    const torch::Tensor bent = images + images.square() / 4;
    return {bent, bent};
  }
};

/// Two pictures of three values, two outliers, labels 0 and 2; double precision.
inline TrainingStep test_step(nn::Network& network) {
  return {.classes = 3,
          .network = network,
          .images = torch::tensor({{2.0, -1.0, 0.5}, {0.1, 0.3, -0.2}}, torch::kFloat64),
          .labels = torch::tensor({0, 2}),
          .outliers = torch::tensor({{0.4, 0.2, -0.6}, {1.5, -0.5, 0.0}}, torch::kFloat64)};
}

/// A network that is made for no data, with a last layer if one is given.
inline MadeFor made_for(nn::Network& network, const LastLayer& head = {}) {
  static const nn::NetworkInfo nameless;
  return {network, nameless, head};
}

/// What the trainer does with a step that is not cut: the method draws, changes it, and gives a loss.
inline torch::Tensor loss_of(TrainingMethod& method, TrainingStep& step) {
  const bool pictures = step.images.dim() == 4;
  step.draws = method.draw(
      {.number = step.number,
       .per_epoch = step.per_epoch,
       .rows = {step.images.size(0), step.outliers.defined() ? step.outliers.size(0) : 0},
       .labels = step.labels,
       .classes = step.classes,
       .height = pictures ? step.images.size(2) : 1,
       .width = pictures ? step.images.size(3) : 1});
  method.prepare(step);
  return method.loss(step);
}

/// The loss of a method on that step, its random numbers set as the trainer does.
inline double test_loss(const std::string& spec, nn::Network& network) {
  torch::manual_seed(7);
  TrainingStep step = test_step(network);
  return loss_of(*make_method(spec), step).item<double>();
}

/// A term of that step, NaN where there is none.
inline double test_term(const std::string& spec, const std::string& name, nn::Network& network) {
  torch::manual_seed(7);
  TrainingStep step = test_step(network);
  loss_of(*make_method(spec), step);
  for (const auto& [term, value] : step.terms) {
    if (term == name) return value.item<double>();
  }
  return std::nan("");
}

/// The largest difference between the gradient with respect to pictures and outliers and that of
/// small steps.
inline double gradient_error(const std::string& spec, nn::Network& network) {
  const auto method = make_method(spec);
  const auto loss = [&](const TrainingStep& at) {
    torch::manual_seed(7);
    TrainingStep step = at;
    return loss_of(*method, step);
  };
  double worst = 0;
  const TrainingStep step = test_step(network);
  step.images.requires_grad_();
  step.outliers.requires_grad_();
  loss(step).backward();  // prepare() too: mixing lets gradients through
  const torch::NoGradGuard no_gradients;
  for (const auto side : {&TrainingStep::images, &TrainingStep::outliers}) {
    const torch::Tensor gradient = (step.*side).grad();
    for (std::int64_t i = 0; i < (step.*side).numel(); ++i) {
      const auto moved = [&](double by) {
        const TrainingStep other = test_step(network);
        (other.*side).view(-1)[i] += by;
        return loss(other).item<double>();
      };
      const double expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
      const double found = gradient.defined() ? gradient.view(-1)[i].item<double>() : 0.0;
      worst = std::max(worst, std::abs(found - expected));
    }
  }
  return worst;
}

/// H(q, z) in plain loops.
inline double plain_cross_entropy(const std::vector<std::vector<double>>& q,
                                  const std::vector<std::vector<double>>& z) {
  double sum = 0;
  for (std::size_t b = 0; b < z.size(); ++b) {
    double total = 0;
    for (const double value : z[b]) total += std::exp(value);
    for (std::size_t c = 0; c < z[b].size(); ++c) sum += q[b][c] * (std::log(total) - z[b][c]);
  }
  return sum / static_cast<double>(z.size());
}

}  // namespace nescio::train
