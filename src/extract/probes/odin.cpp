// ODIN's step: each picture is moved a little towards the class that the network sees in it, and
// the network looks again.
//   x' = x - epsilon sign(d/dx CE(z(x) / T, argmax z)),  sign(0) = 1,  kept: z(x') [N, C]
// epsilon is in units of [0, 1] pixels: where the network's input is (pixel - mean) / std, it
// becomes epsilon / std, channel by channel. Not clamped to [0, 1], as in the authors' code.
// What is differentiated is log (1 - p) / p = log (exp(CE) - 1) of the predicted class: it grows with
// the cross-entropy, so every sign is the same, but in float the gradient of CE itself is 0 where
// p rounds to 1, as it does at T = 1 for most pictures of a training set's kind. It is summed over
// the batch: a row does not depend on the others. Cost: two passes forward and one back.
// Temperature and form of the score belong to the detector `odin`.
#include <limits>

#include "extract/probe.h"
#include "nn/network.h"

namespace nescio::extract::probes {
namespace {

class Odin final : public Probe {
 public:
  double epsilon = 0.0014;
  double T = 1000;

  std::size_t width(const nn::Model& model) const override { return model.classes(); }

  Array run(Pass& pass) const override {
    nn::use_our_threads();
    const nn::Model& model = pass.model();
    const torch::Tensor pictures = nn::to_tensor(model, pass.images());
    const torch::Tensor up = gradient(nn::network_of(model), pictures).ge(0);
    const torch::NoGradGuard no_gradients;
    const torch::Tensor step = step_sizes(model.preprocessing()).to(pictures.device());
    const torch::Tensor moved = pictures + torch::where(up, -step, step);
    return nn::to_array(nn::network_of(model).forward(moved).logits);
  }

 private:
  /// Of the log-odds, by the pictures.
  torch::Tensor gradient(nn::Network& network, torch::Tensor pictures) const {
    const torch::AutoGradMode gradients(true);
    pictures = pictures.detach().requires_grad_();
    const torch::Tensor z = network.forward(pictures).logits / T;
    const torch::Tensor seen = z.argmax(1, true);
    const torch::Tensor others =
        z.scatter(1, seen, -std::numeric_limits<double>::infinity()).logsumexp(1, true);
    const torch::Tensor loss = (others - z.gather(1, seen)).sum();
    return torch::autograd::grad({loss}, {pictures})[0];
  }

  /// [planes, 1, 1]
  torch::Tensor step_sizes(const image::Preprocessing& p) const {
    std::vector<float> sizes;
    for (const double std : p.std) sizes.push_back(static_cast<float>(epsilon / std));
    return torch::tensor(sizes).view({-1, 1, 1});
  }
};

}  // namespace

ProbeInfo odin() {
  return describe_probe<Odin>(
      {.name = "odin",
       .summary = "The logits of each picture after a small step towards its predicted class.",
       .formula = "x' = x - epsilon sign(d/dx CE(z(x) / T, argmax z)),  kept: z(x')",
       .paper = "Liang, Li, Srikant, Enhancing The Reliability of Out-of-distribution Image "
                "Detection in Neural Networks, ICLR 2018, arXiv:1706.02690",
       .array = "z(x') [N, C], for the detector odin",
       .parameters = {probe_parameter(&Odin::epsilon, {.name = "epsilon",
                                                       .doc = "length of the step",
                                                       .unit = "[0, 1] pixels",
                                                       .min = 0,
                                                       .max = 1,
                                                       .sweep = {"0", "0.0014", "0.0028"}}),
                      probe_parameter(&Odin::T, {.name = "T",
                                                 .doc = "temperature of the loss",
                                                 .min = 0,
                                                 .min_excluded = true,
                                                 .sweep = {"1", "10", "100", "1000"}})}});
}

}  // namespace nescio::extract::probes
